// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "kernels/device/dot.cuh"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

// Does: scores of raw rows for evaluation and prediction: dot(affine(x), w) + bias for every output.
// Layout: a warp a row, striding over the rows with the whole grid; 32 threads share a dot product.
// Reads+Writes: features * 4 bytes read a row (again from the L1 cache for every further output), outputs * 4 written; weights stay in the
// caches. Order of sums: SumShape's dot product. Presumes: dense rows; features * outputs small enough for int.
static __global__ void __launch_bounds__(tuning::row_threads) score_linear_kernel(const __grid_constant__ ScoreLinearParams params) {
    const int features = static_cast<int>(params.features), lane = static_cast<int>(threadIdx.x) % tuning::warp;
    const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / tuning::warp);
    for (std::int64_t row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / tuning::warp; row < params.rows;
         row += warps) {
        const float* x = params.x + row * params.stride;
        const auto value = [&params, x](int i) { return params.scale ? rules::fused(x[i], params.scale[i], params.shift[i]) : x[i]; };
        for (std::int64_t o = 0; o < params.outputs; ++o) {
            const float* w = params.parameters + o * params.features;
            float score = lane_dot<tuning::warp>(features, lane, value, [w](int i) { return w[i]; });
            if (params.bias) score = score + params.parameters[params.outputs * params.features + o];
            if (lane == 0) params.scores[row * params.outputs + o] = score;
        }
    }
}

}  // namespace glissade::kernels
