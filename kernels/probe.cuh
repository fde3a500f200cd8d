// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/device/team.cuh"
#include "kernels/launch_probe.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

__device__ __forceinline__ float sum_of(const float4& v) {
    return (v.x + v.y) + (v.z + v.w);
}

// Does: reads everything `passes` times and keeps sums only.
// Layout: consecutive threads take consecutive 16 bytes, striding with the grid; four loads are under way in each.
// Reads+Writes: count * 4 bytes read a pass.
// Order of sums: each thread's own, of no account.
// Presumes: 16-byte alignment; a grid of row_threads threads a block.
static __global__ void __launch_bounds__(tuning::row_threads) probe_read_kernel(const __grid_constant__ ProbeReadParams params) {
    const auto* values = reinterpret_cast<const float4*>(params.values);
    const std::int64_t count = params.count / 4, step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    float sum = 0;
    for (int pass = 0; pass < params.passes; ++pass) {
        std::int64_t i = first;
        for (; i + 3 * step < count; i += 4 * step) {
            const float4 a = __ldcg(values + i), b = __ldcg(values + i + step), c = __ldcg(values + i + 2 * step),
                         d = __ldcg(values + i + 3 * step);
            sum += (sum_of(a) + sum_of(b)) + (sum_of(c) + sum_of(d));
        }
        for (; i < count; i += step) sum += sum_of(__ldcg(values + i));
    }
    params.sums[first] = sum;
}

// Does: copies. Layout: as probe_read_kernel, one load at a time. Reads+Writes: count * 4 bytes each. Order of sums: none. Presumes: memory
// apart, 16-byte alignment.
static __global__ void __launch_bounds__(tuning::row_threads) probe_copy_kernel(const __grid_constant__ ProbeCopyParams params) {
    const auto* from = reinterpret_cast<const float4*>(params.from);
    auto* to = reinterpret_cast<float4*>(params.to);
    const std::int64_t count = params.count / 4, step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) to[i] = from[i];
}

// Does: reads every record once, in the order of an epoch.
// Layout: up to a warp's threads a record, 16 bytes each at a time; neighbouring groups take neighbouring positions.
// Reads+Writes: record_floats * 4 bytes a record.
// Order of sums: each thread's own, of no account.
// Presumes: 16-byte alignment; a grid of row_threads threads a block.
static __global__ void __launch_bounds__(tuning::row_threads) probe_gather_kernel(const __grid_constant__ ProbeGatherParams params) {
    const auto* records = reinterpret_cast<const float4*>(params.records);
    const int chunks = params.record_floats / 4;
    int lanes = 1;
    while (lanes < chunks && lanes < tuning::warp) lanes *= 2;
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / lanes);
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * (blockDim.x / lanes) + threadIdx.x / lanes;
    float sum = 0;
#pragma unroll 4
    for (std::int64_t position = first; position < static_cast<std::int64_t>(params.order.rows); position += step) {
        const float4* record = records + params.order(position) * chunks;
        for (int c = lane; c < chunks; c += lanes) sum += sum_of(__ldcg(record + c));
    }
    params.sums[static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x] = sum;
}

// Does: adds by atomics, to each of many sectors once or all to one value.
// Layout: a thread a position of the order, striding with the grid; its four adds go to a quarter of the sectors each.
// Reads+Writes: 32 bytes read and written an add.
// Order of sums: any; of whole numbers it is of no account.
// Presumes: nothing else.
static __global__ void __launch_bounds__(tuning::row_threads) probe_add_kernel(const __grid_constant__ ProbeAddParams params) {
    const auto positions = static_cast<std::int64_t>(params.order.rows), step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    // The order is worked out once for four adds: a card that adds fast must not be held up by it.
    const std::int64_t quarter = params.together ? 0 : positions * ProbeAddParams::sector_floats;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < positions; i += step) {
        float* value = params.values + (params.together ? 0 : params.order(i) * ProbeAddParams::sector_floats);
#pragma unroll
        for (int q = 0; q < ProbeAddParams::quarters; ++q) atomicAdd(value + q * quarter, 1.0f);
    }
}

// Does: nothing but barriers. Layout: any. Reads+Writes: none. Order of sums: none. Presumes: a cooperative launch for the grid's, one of a
// single cluster for a cluster's, one of clusters where they wait first.
static __global__ void __launch_bounds__(1024) probe_barrier_kernel(const __grid_constant__ ProbeBarrierParams params) {
    for (std::int64_t i = 0; i < params.count; ++i) {
        if (params.cluster > 1) Cluster::sync();
        Blocks::sync(params.team);
    }
}

}  // namespace glissade::kernels
