// SPDX-License-Identifier: Apache-2.0
// What correct kernels may rely on: barriers, collectives, groups, atomics, asynchronous copies.
#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#include <algorithm>
#include <numeric>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation {
namespace {
namespace cg = cooperative_groups;

using KernelTest = EmulatedTest;

struct Buffers {
    int* in;
    int* out;
    int count;
};

__global__ void write_rank(const __grid_constant__ Buffers p) {
    const auto rank = cg::this_grid().thread_rank();
    p.out[rank] = static_cast<int>(100 * blockIdx.x + threadIdx.x);
}

TEST_F(KernelTest, EveryThreadOfEveryBlockRunsOnce) {
    DeviceArray<int> out(7 * 33);
    for (const std::uint64_t seed : {1, 2, 3}) {
        set_seed(seed);
        ASSERT_EQ(run(shape(7, 33), write_rank, Buffers{nullptr, out.data(), 0}), cudaSuccess);
        const std::vector<int> values = out.read();
        for (int i = 0; i < 7 * 33; ++i) EXPECT_EQ(values[i], 100 * (i / 33) + i % 33) << "seed " << seed;
    }
}

struct Reversal {
    int values[64];
};

__global__ void reverse_in_shared(const __grid_constant__ Buffers p) {
    auto& shared = *static_cast<Reversal*>(glissade_emulated_shared_memory());
    for (int round = 0; round < p.count; ++round) {
        shared.values[threadIdx.x] = p.out[threadIdx.x];
        __syncthreads();
        p.out[threadIdx.x] = shared.values[63 - threadIdx.x] + 1;
        __syncthreads();
    }
}

TEST_F(KernelTest, BlockBarriersOrderSharedMemory) {
    DeviceArray<int> out(64);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        set_seed(seed);
        ASSERT_EQ(cudaMemset(out.data(), 0, 64 * sizeof(int)), cudaSuccess);
        ASSERT_EQ(run(shape(1, 64, sizeof(Reversal)), reverse_in_shared, Buffers{nullptr, out.data(), 5}), cudaSuccess);
        EXPECT_EQ(out.read(), std::vector<int>(64, 5)) << "seed " << seed;
    }
}

__global__ void sum_over_grid(const __grid_constant__ Buffers p) {
    auto grid = cg::this_grid();
    for (int step = 0; step < p.count; ++step) {
        p.in[grid.thread_rank()] = static_cast<int>(grid.thread_rank()) + step;
        grid.sync();
        int sum = 0;
        for (unsigned i = 0; i < grid.num_threads(); ++i) sum += p.in[i];
        p.out[grid.thread_rank()] = sum;
        grid.sync();
    }
}

TEST_F(KernelTest, GridBarriersOrderGlobalMemory) {
    constexpr int threads = 4 * 48;
    DeviceArray<int> in(threads);
    DeviceArray<int> out(threads);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        set_seed(seed);
        ASSERT_EQ(run_cooperative(shape(4, 48), sum_over_grid, Buffers{in.data(), out.data(), 3}), cudaSuccess);
        EXPECT_EQ(out.read(), std::vector<int>(threads, threads * (threads - 1) / 2 + 2 * threads)) << "seed " << seed;
    }
}

__global__ void votes(const __grid_constant__ Buffers p) {
    const int rank = static_cast<int>(threadIdx.x);
    const int count = __syncthreads_count(rank % 3 == 0);
    const int all = __syncthreads_and(rank < 40);
    const int none = __syncthreads_or(rank > 40);
    const int any = __syncthreads_or(rank == 17);
    p.out[rank] = 1000 * count + 100 * all + 10 * none + any;
}

TEST_F(KernelTest, BlockVotesCountPredicates) {
    DeviceArray<int> out(40);
    ASSERT_EQ(run(shape(1, 40), votes, Buffers{nullptr, out.data(), 0}), cudaSuccess);
    EXPECT_EQ(out.read(), std::vector<int>(40, 1000 * 14 + 100 * 1 + 10 * 0 + 1));
}

// Each warp collective into its own 64 outputs, against what the CUDA manual says of the lane.
__global__ void collectives(const __grid_constant__ Buffers p) {
    constexpr unsigned all = 0xFFFFFFFFU;
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int rank = static_cast<int>(threadIdx.x);
    const auto put = [&](int which, int value) { p.out[which * 64 + rank] = value; };
    put(0, __shfl_sync(all, rank, 5));
    put(1, __shfl_up_sync(all, rank, 3));
    put(2, __shfl_down_sync(all, rank, 3));
    put(3, __shfl_xor_sync(all, rank, 6));
    put(4, __shfl_sync(all, rank, 9, 8));
    put(5, __shfl_down_sync(all, rank, 2, 4));
    put(6, static_cast<int>(__ballot_sync(all, lane % 2)));
    put(7, __any_sync(all, lane == 31) + 2 * __all_sync(all, lane < 32) + 4 * __any_sync(all, lane == 32));
    put(8, __reduce_add_sync(all, rank));
    put(9, __reduce_max_sync(all, -lane));
    put(10, static_cast<int>(__match_any_sync(all, lane / 16)));
    __syncwarp();
}

TEST_F(KernelTest, WarpCollectivesDoWhatTheManualSays) {
    DeviceArray<int> out(11 * 64);
    ASSERT_EQ(run(shape(1, 64), collectives, Buffers{nullptr, out.data(), 0}), cudaSuccess);
    const std::vector<int> values = out.read();
    for (int rank = 0; rank < 64; ++rank) {
        const int lane = rank % 32;
        const int warp = rank - lane;
        const auto got = [&](int which) { return values[which * 64 + rank]; };
        EXPECT_EQ(got(0), warp + 5);
        EXPECT_EQ(got(1), lane < 3 ? rank : rank - 3);
        EXPECT_EQ(got(2), lane > 28 ? rank : rank + 3);
        EXPECT_EQ(got(3), warp + (lane ^ 6));
        EXPECT_EQ(got(4), warp + lane / 8 * 8 + 1);
        EXPECT_EQ(got(5), lane % 4 > 1 ? rank : rank + 2);
        EXPECT_EQ(got(6), static_cast<int>(0xAAAAAAAAU));
        EXPECT_EQ(got(7), 3);
        EXPECT_EQ(got(8), warp * 32 + 31 * 16);
        EXPECT_EQ(got(9), 0);
        EXPECT_EQ(got(10), static_cast<int>(lane < 16 ? 0x0000FFFFU : 0xFFFF0000U));
    }
}

struct Wide {
    float values[5];
};

__global__ void tiles(const __grid_constant__ Buffers p) {
    auto block = cg::this_thread_block();
    auto warp = cg::tiled_partition<32>(block);
    const cg::thread_block_tile<8> eight = cg::tiled_partition<8>(warp);
    int sum = static_cast<int>(block.thread_rank());
    for (unsigned step = 4; step > 0; step /= 2) sum += eight.shfl_xor(sum, step);
    Wide wide{};
    wide.values[4] = static_cast<float>(threadIdx.x);
    const int moved = static_cast<int>(warp.shfl(wide, 31).values[4]);
    const int ballot = static_cast<int>(eight.ballot(eight.thread_rank() == 2));
    p.out[block.thread_rank()] = 10000 * moved + 10 * sum + (ballot == 4 ? 1 : 0);
    if (warp.thread_rank() == 0) atomicAdd(p.in, static_cast<int>(warp.meta_group_rank() + 10 * warp.meta_group_size()));
}

TEST_F(KernelTest, TilesShuffleAmongThemselves) {
    DeviceArray<int> out(64);
    DeviceArray<int> groups(1);
    ASSERT_EQ(cudaMemset(groups.data(), 0, sizeof(int)), cudaSuccess);
    ASSERT_EQ(run(shape(1, 64), tiles, Buffers{groups.data(), out.data(), 0}), cudaSuccess);
    const std::vector<int> values = out.read();
    for (int rank = 0; rank < 64; ++rank) {
        const int first = rank / 8 * 8;
        EXPECT_EQ(values[rank], 10000 * (rank / 32 * 32 + 31) + 10 * (8 * first + 28) + 1) << rank;
    }
    EXPECT_EQ(groups.read()[0], 0 + 1 + 2 * 20);
}

__global__ void atomics(const __grid_constant__ Buffers p) {
    atomicAdd(&p.out[0], 1);
    atomicMax(&p.out[1], static_cast<int>(threadIdx.x));
    if (atomicCAS(&p.out[2], 0, 7) == 0) atomicAdd(&p.out[3], 1);
    atomicExch(&p.out[4], 9);
    atomicAdd(reinterpret_cast<float*>(&p.out[5]), 0.5F);
    atomicAdd(reinterpret_cast<unsigned long long*>(&p.out[6]), 1ULL << 31);
}

TEST_F(KernelTest, AtomicsLoseNothing) {
    DeviceArray<int> out(8);
    ASSERT_EQ(cudaMemset(out.data(), 0, 8 * sizeof(int)), cudaSuccess);
    ASSERT_EQ(run(shape(3, 40), atomics, Buffers{nullptr, out.data(), 0}), cudaSuccess);
    const std::vector<int> values = out.read();
    EXPECT_EQ(values[0], 120);
    EXPECT_EQ(values[1], 39);
    EXPECT_EQ(values[2], 7);
    EXPECT_EQ(values[3], 1);
    EXPECT_EQ(values[4], 9);
    EXPECT_EQ(__int_as_float(values[5]), 60.0F);
    EXPECT_EQ(values[7], 60);
}

__global__ void staged_copy(const __grid_constant__ Buffers p) {
    auto& shared = *static_cast<int(*)[64]>(glissade_emulated_shared_memory());
    __pipeline_memcpy_async(&shared[threadIdx.x], &p.in[threadIdx.x], sizeof(int));
    __pipeline_commit();
    __pipeline_memcpy_async(&shared[32 + threadIdx.x], &p.in[32 + threadIdx.x], sizeof(int));
    __pipeline_commit();
    const int before = shared[threadIdx.x];
    __pipeline_wait_prior(1);
    const int first = shared[threadIdx.x];
    const int still_flying = shared[32 + threadIdx.x];
    __pipeline_wait_prior(0);
    p.out[threadIdx.x] = before == -1 && still_flying == -1 ? first + shared[32 + threadIdx.x] : -5;
}

TEST_F(KernelTest, AsynchronousCopiesLandAtTheirWait) {
    DeviceArray<int> in(64);
    DeviceArray<int> out(32);
    std::vector<int> numbers(64);
    std::iota(numbers.begin(), numbers.end(), 0);
    ASSERT_EQ(cudaMemcpy(in.data(), numbers.data(), 64 * sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
    ASSERT_EQ(run(shape(1, 32, 64 * sizeof(int)), staged_copy, Buffers{in.data(), out.data(), 0}), cudaSuccess);
    const std::vector<int> values = out.read();
    for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 2 * i + 32);
}

__global__ void order_of_arrival(const __grid_constant__ Buffers p) {
    p.out[atomicAdd(p.in, 1)] = static_cast<int>(threadIdx.x);
}

std::vector<int> arrival(std::uint64_t seed) {
    DeviceArray<int> counter(1);
    DeviceArray<int> out(64);
    set_seed(seed);
    EXPECT_EQ(cudaMemset(counter.data(), 0, sizeof(int)), cudaSuccess);
    EXPECT_EQ(run(shape(1, 64), order_of_arrival, Buffers{counter.data(), out.data(), 0}), cudaSuccess);
    return out.read();
}

TEST_F(KernelTest, TheSeedAloneChoosesTheOrderOfThreads) {
    const std::vector<int> one = arrival(1);
    EXPECT_EQ(one, arrival(1));
    EXPECT_NE(one, arrival(2));
    std::vector<int> sorted = one;
    std::sort(sorted.begin(), sorted.end());
    for (int i = 0; i < 64; ++i) EXPECT_EQ(sorted[i], i);
}

}  // namespace
}  // namespace glissade::emulation
