// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/bfloat16.hpp"
#include "glissade/rules/portable.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

__device__ __forceinline__ float mapped_feature(const PackRowsParams& params, std::int64_t row, std::int64_t j) {
    const float value = params.features[row * params.stride + j];
    return params.scale ? rules::fused(value, params.scale[j], params.shift[j]) : value;
}
/// Features j and j + 1 in a word; behind the last one stands a zero.
__device__ __forceinline__ float packed_pair(const PackRowsParams& params, std::int64_t row, std::int64_t j) {
    const std::uint32_t low = rules::bfloat16_bits(mapped_feature(params, row, j));
    const std::uint32_t high = j + 1 < params.shape.features ? rules::bfloat16_bits(mapped_feature(params, row, j + 1)) : 0u;
    return __builtin_bit_cast(float, high << 16 | low);
}

// Does: turns raw rows, targets and weights into records, and applies the affine map of the columns.
// Layout: a warp a row, striding over the rows with the whole grid; a lane for every 32nd value of the record.
// Reads+Writes: (features + targets + weights) * 4 bytes read and record_floats * 4 written a row.
// Order of sums: none.
// Presumes: dense rows; records and raw rows apart.
static __global__ void __launch_bounds__(tuning::row_threads) pack_rows_kernel(const __grid_constant__ PackRowsParams params) {
    const std::int64_t words = params.shape.feature_words(), targets = params.shape.target_count, sets = params.shape.weight_sets,
                       floats = params.shape.record_floats();
    const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / tuning::warp);
    const std::int64_t lane = threadIdx.x % tuning::warp;
    for (std::int64_t row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / tuning::warp; row < params.rows;
         row += warps) {
        for (std::int64_t j = lane; j < floats; j += tuning::warp) {
            float value = 0.0f;
            if (j < words) {
                value = params.shape.bfloat16 ? packed_pair(params, row, 2 * j) : mapped_feature(params, row, j);
            } else if (j < words + targets) {
                value = params.targets[row * targets + (j - words)];
            } else if (j < words + targets + sets) {
                value = params.weights[row * sets + (j - words - targets)];
            }
            params.records[row * floats + j] = value;
        }
    }
}

}  // namespace glissade::kernels
