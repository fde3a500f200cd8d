// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/portable.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

// Does: finds the first value of a matrix that is not finite, row by row.
// Layout: a warp a row, striding over the rows with the whole grid; a lane for every 32nd column.
// Reads+Writes: columns * 4 bytes read a row; an atomic minimum for each lane of a row that meets such a value.
// Order of sums: none; the smallest place is the same in any order.
// Presumes: `first` was set by earlier work of the stream.
static __global__ void __launch_bounds__(tuning::row_threads) check_finite_kernel(const __grid_constant__ CheckFiniteParams params) {
    const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (blockDim.x / tuning::warp);
    const std::int64_t lane = threadIdx.x % tuning::warp;
    for (std::int64_t row = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / tuning::warp; row < params.rows;
         row += warps) {
        const float* x = params.x + row * params.stride;
        for (std::int64_t j = lane; j < params.columns; j += tuning::warp) {
            if (rules::is_finite(x[j])) continue;
            atomicMin(params.first, static_cast<unsigned long long>(row * params.columns + j));
            break;
        }
    }
}

}  // namespace glissade::kernels
