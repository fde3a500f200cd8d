// SPDX-License-Identifier: Apache-2.0
// The first calibration of a card: bandwidth of reading, copying and gathering rows, barriers of a block and of a grid, launches, copies
// from pinned memory. Prints one JSON object. Every figure is the median of several runs, with the smallest and the largest.
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "glissade/row_order.hpp"
#include "kernels/device/launch.cuh"

namespace glissade::bench {
namespace {

using kernels::GridShape;
using kernels::launch;

constexpr int repeats = 9;

void check(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(status));
    std::exit(1);
}

struct ReadParams {
    const float4* values;
    std::int64_t count;
    float* sink;
};
// Does: reads everything once and keeps nothing.
// Layout: consecutive threads take consecutive 16 bytes, striding with the grid; four loads are under way in each.
// Reads+Writes: count * 16 bytes read.
// Order of sums: of no account.
// Presumes: values that never add up to the sentinel.
__global__ void read_kernel(const __grid_constant__ ReadParams p) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    float sum = 0;
    std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    for (; i + 3 * step < p.count; i += 4 * step) {
        const float4 a = __ldcs(p.values + i), b = __ldcs(p.values + i + step), c = __ldcs(p.values + i + 2 * step),
                     d = __ldcs(p.values + i + 3 * step);
        sum += (a.x + b.x) + (c.x + d.x) + (a.w + b.w) + (c.w + d.w);
    }
    for (; i < p.count; i += step) sum += p.values[i].x;
    if (sum == -12345.678f) *p.sink = sum;
}

struct CopyParams {
    const float4* from;
    float4* to;
    std::int64_t count;
};
// Does: copies. Layout: as read_kernel, one load at a time. Reads+Writes: count * 16 bytes each. Order of sums: none. Presumes: apart.
__global__ void copy_kernel(const __grid_constant__ CopyParams p) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.count; i += step) p.to[i] = p.from[i];
}

struct GatherParams {
    const float4* records;
    std::int64_t rows;
    int chunks;  // 16 bytes each, of a row
    EpochOrder order;
    float* sink;
};
// Does: reads every row once, in shuffled order.
// Layout: a thread for every 16 bytes of a row; a block takes runs of positions.
// Reads+Writes: chunks * 16 bytes a row.
// Order of sums: of no account.
// Presumes: chunks <= blockDim.x.
__global__ void gather_kernel(const __grid_constant__ GatherParams p) {
    const int at_once = static_cast<int>(blockDim.x) / p.chunks, own = static_cast<int>(threadIdx.x) / p.chunks,
              chunk = static_cast<int>(threadIdx.x) % p.chunks;
    if (own >= at_once) return;
    float sum = 0;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * at_once;
#pragma unroll 4
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * at_once + own; i < p.rows; i += step)
        sum += __ldcs(p.records + p.order(i) * p.chunks + chunk).x;
    if (sum == -12345.678f) *p.sink = sum;
}

struct BarrierParams {
    int count;
};
// Does: nothing but barriers, of a block or of the grid. Layout: any. Reads+Writes: none. Order of sums: none. Presumes: cooperative launch
// for the grid's.
__global__ void grid_barrier_kernel(const __grid_constant__ BarrierParams p) {
    for (int i = 0; i < p.count; ++i) cooperative_groups::this_grid().sync();
}
__global__ void block_barrier_kernel(const __grid_constant__ BarrierParams p) {
    for (int i = 0; i < p.count; ++i) __syncthreads();
}

class Timer {
public:
    Timer() {
        check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
        check(cudaEventCreate(&begin_), "event");
        check(cudaEventCreate(&end_), "event");
    }
    /// Seconds of `work(stream)` on the device, `repeats` times after one that does not count; prints `name`: the result of
    /// `figure(seconds)`.
    template <class Work, class Figure>
    void report(const char* name, const Work& work, const Figure& figure) {
        std::vector<double> values;
        for (int i = -1; i < repeats; ++i) {
            check(cudaEventRecord(begin_, stream), "record");
            work(stream);
            check(cudaEventRecord(end_, stream), "record");
            check(cudaStreamSynchronize(stream), name);
            float milliseconds = 0;
            check(cudaEventElapsedTime(&milliseconds, begin_, end_), "elapsed");
            if (i >= 0) values.push_back(figure(milliseconds * 1e-3));
        }
        std::sort(values.begin(), values.end());
        std::printf("%s\n  \"%s\": {\"median\": %.6g, \"low\": %.6g, \"high\": %.6g}", first_ ? "" : ",", name, values[repeats / 2],
                    values.front(), values.back());
        first_ = false;
    }
    cudaStream_t stream = nullptr;

private:
    cudaEvent_t begin_ = nullptr, end_ = nullptr;
    bool first_ = true;
};

void run() {
    cudaDeviceProp card = {};
    check(cudaGetDeviceProperties(&card, 0), "properties");
    const int sms = card.multiProcessorCount;
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "memory");
    const std::int64_t bytes =
        std::min<std::int64_t>(std::int64_t{4} << 30, static_cast<std::int64_t>(free / 3)) / 4096 * 4096;  // far beyond any cache
    float4 *a = nullptr, *b = nullptr;
    check(cudaMalloc(reinterpret_cast<void**>(&a), static_cast<std::size_t>(bytes)), "memory");
    check(cudaMalloc(reinterpret_cast<void**>(&b), static_cast<std::size_t>(bytes)), "memory");
    Timer timer;
    check(cudaMemsetAsync(a, 0, static_cast<std::size_t>(bytes), timer.stream), "memset");
    float* sink = reinterpret_cast<float*>(b);
    const auto launched = [](int status) { check(static_cast<cudaError_t>(status), "launch"); };
    const auto rate = [bytes](double seconds) { return static_cast<double>(bytes) / seconds / 1e9; };
    std::printf("{");
    const GridShape wide{sms * 8, 256, 0, false};
    timer.report(
        "read_gb_a_second",
        [&](cudaStream_t s) {
            launched(launch(read_kernel, ReadParams{a, bytes / 16, sink}, wide, s));
        },
        rate);
    timer.report(
        "copy_gb_a_second_both_ways",
        [&](cudaStream_t s) {
            launched(launch(copy_kernel, CopyParams{a, b, bytes / 16}, wide, s));
        },
        [&](double seconds) { return 2 * rate(seconds); });
    for (const int row_bytes : {32, 128, 512, 2048}) {
        char name[64];
        std::snprintf(name, sizeof name, "gather_%d_byte_rows_gb_a_second", row_bytes);
        const std::int64_t rows = bytes / row_bytes;
        const GatherParams params{a, rows, row_bytes / 16, RowOrder{rows, 1, Shuffle::full}.epoch(0), sink};
        timer.report(
            name, [&](cudaStream_t s) { launched(launch(gather_kernel, params, wide, s)); }, rate);
    }
    constexpr int barriers = 2000;
    const auto each = [](double seconds) { return seconds / barriers * 1e6; };
    for (int blocks = 2; blocks <= sms; blocks *= 2) {
        char name[64];
        std::snprintf(name, sizeof name, "grid_barrier_%d_blocks_us", blocks);
        timer.report(
            name,
            [&](cudaStream_t s) {
                launched(launch(grid_barrier_kernel, BarrierParams{barriers}, {blocks, 256, 0, true}, s));
            },
            each);
    }
    timer.report(
        "block_barrier_256_threads_us",
        [&](cudaStream_t s) {
            launched(launch(block_barrier_kernel, BarrierParams{barriers}, {1, 256, 0, false}, s));
        },
        each);
    timer.report(
        "launch_us",
        [&](cudaStream_t s) {
            for (int i = 0; i < barriers; ++i) launched(launch(block_barrier_kernel, BarrierParams{0}, {1, 32, 0, false}, s));
        },
        each);
    constexpr std::size_t pinned_bytes = std::size_t{256} << 20;
    void* pinned = nullptr;
    check(cudaHostAlloc(&pinned, pinned_bytes, cudaHostAllocDefault), "pinned memory");
    timer.report(
        "pinned_to_device_gb_a_second",
        [&](cudaStream_t s) {
            check(
                cudaMemcpyAsync(a, pinned, std::min<std::size_t>(pinned_bytes, static_cast<std::size_t>(bytes)), cudaMemcpyHostToDevice, s),
                "copy");
        },
        [&](double seconds) {
            return static_cast<double>(std::min<std::size_t>(pinned_bytes, static_cast<std::size_t>(bytes))) / seconds / 1e9;
        });
    std::printf(",\n  \"card\": \"%s\", \"multiprocessors\": %d, \"compute_capability\": \"%d.%d\", \"l2_bytes\": %d, \"repeats\": %d\n}\n",
                card.name, sms, card.major, card.minor, card.l2CacheSize, repeats);
}

}  // namespace
}  // namespace glissade::bench

int main() {
    glissade::bench::run();
}
