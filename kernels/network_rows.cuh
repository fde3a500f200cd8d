// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/bfloat16.hpp"
#include "glissade/rules/portable.hpp"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

// Does: writes where a leg stands, clears the flags of members and the outcome. Layout: one block, a thread a member.
// Reads+Writes: some hundred bytes. Order of sums: none. Presumes: nothing else runs on the leg.
static __global__ void __launch_bounds__(tuning::row_threads) network_begin_kernel(const __grid_constant__ NetworkBeginParams params) {
    for (std::int64_t m = threadIdx.x; m < params.members; m += blockDim.x) params.not_finite[m] = 0;
    if (threadIdx.x > 0) return;
    *params.leg = params.value;
    if (params.value.outcome) *params.value.outcome = {0, -1};
}

__device__ __forceinline__ float feature_of(const LinearShape& shape, const float* record, std::int64_t j) {
    if (!shape.bfloat16) return record[j];
    const auto pair = __builtin_bit_cast(std::uint32_t, record[j / 2]);
    return j % 2 == 0 ? rules::first_bfloat16(pair) : rules::second_bfloat16(pair);
}

// Does: copies the rows of the batch out of their records, features, targets and weight each to its own place.
// Layout: a warp a row, striding over the batch with the whole grid; a lane for every 32nd value of the record.
// Reads+Writes: (features + targets + weights) * 4 bytes read and written a row, one contiguous piece of memory each.
// Order of sums: none.
// Presumes: orders of every epoch of the leg.
static __global__ void __launch_bounds__(tuning::row_threads) network_gather_kernel(const __grid_constant__ NetworkGatherParams params) {
    const NetworkLeg& leg = *params.leg;
    if (leg.frozen) return;
    const EpochOrder order = leg.orders[leg.epoch];
    const std::int64_t first = leg.batch * params.batch_size;
    const std::int64_t features = params.record.features, targets = params.record.target_count, floats = params.record.record_floats();
    const std::int64_t words = params.record.feature_words(), sets = params.record.weight_sets;
    const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / tuning::warp);
    const std::int64_t lane = threadIdx.x % tuning::warp;
    for (std::int64_t r = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / tuning::warp; r < params.rows; r += warps) {
        const float* record = params.records + order(first + r) * floats;
        for (std::int64_t j = lane; j < features; j += tuning::warp) params.inputs[r * features + j] = feature_of(params.record, record, j);
        for (std::int64_t t = lane; t < targets; t += tuning::warp) params.targets[r * targets + t] = record[words + t];
        for (std::int64_t s = lane; s < sets; s += tuning::warp) params.weights[r * sets + s] = record[words + targets + s];
    }
}

// Does: copies rows to be scored through the affine map.
// Layout: a warp a row, striding over the rows with the whole grid; a lane for every 32nd value.
// Reads+Writes: features * 4 bytes read and written a row. Order of sums: none. Presumes: inputs and rows apart.
static __global__ void __launch_bounds__(tuning::row_threads) network_input_kernel(const __grid_constant__ NetworkInputParams params) {
    const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / tuning::warp);
    const std::int64_t lane = threadIdx.x % tuning::warp;
    for (std::int64_t r = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / tuning::warp; r < params.rows; r += warps)
        for (std::int64_t j = lane; j < params.features; j += tuning::warp) {
            const float value = params.x[r * params.stride + j];
            params.inputs[r * params.features + j] = params.scale ? rules::fused(value, params.scale[j], params.shift[j]) : value;
        }
}

}  // namespace glissade::kernels
