// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace glissade::kernels {

/// Threads that share a sparse row: its entry k is added by thread k % 4, in order.
inline constexpr int sparse_lanes = 4;

/// The scores of one row for `Models` models at a time, (l0 + l2) + (l1 + l3); all four threads get them. `value(k)` is x' of entry k, its
/// column `column(k)`, and `theta(column, model)` a parameter. All 32 lanes of the warp must call.
template <int Models, class Value, class Column, class Theta>
__device__ __forceinline__ void sparse_dots(std::int64_t count, int lane, const Value& value, const Column& column, const Theta& theta,
                                            float (&sums)[Models]) {
#pragma unroll
    for (int m = 0; m < Models; ++m) sums[m] = 0.0f;
#pragma unroll 4
    for (std::int64_t k = lane; k < count; k += sparse_lanes) {
        const std::uint32_t j = column(k);
        const float x = value(k, j);
#pragma unroll
        for (int m = 0; m < Models; ++m) sums[m] = sums[m] + x * theta(j, m);
    }
#pragma unroll
    for (int m = 0; m < Models; ++m) {
        sums[m] = sums[m] + __shfl_xor_sync(0xFFFFFFFFu, sums[m], 2);
        sums[m] = sums[m] + __shfl_xor_sync(0xFFFFFFFFu, sums[m], 1);
    }
}

}  // namespace glissade::kernels
