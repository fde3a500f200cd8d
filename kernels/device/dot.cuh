// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/portable.hpp"
#include "glissade/rules/sum_shape.hpp"

namespace glissade::kernels {

/// A dot product in SumShape's order, by `Threads` neighbouring threads of a warp that all get the result: each plays 64 / Threads of the
/// virtual lanes, the far halves of the tree are added within a thread, the near ones by shuffles (both partners add the same two numbers,
/// so they agree). All 32 lanes of the warp must call. `left(i)` and `right(i)` give element i.
template <int Threads, class Left, class Right>
__device__ __forceinline__ float lane_dot(int count, int lane, const Left& left, const Right& right) {
    constexpr int own_lanes = SumShape::dot_lanes / Threads;
    float sum[own_lanes];
#pragma unroll
    for (int k = 0; k < own_lanes; ++k) sum[k] = 0.0f;
    for (int base = lane; base < count; base += SumShape::dot_lanes) {
#pragma unroll
        for (int k = 0; k < own_lanes; ++k) {
            const int i = base + k * Threads;
            if (i < count) sum[k] = rules::fused(left(i), right(i), sum[k]);
        }
    }
#pragma unroll
    for (int half = own_lanes / 2; half > 0; half /= 2) {
#pragma unroll
        for (int k = 0; k < half; ++k) sum[k] = sum[k] + sum[k + half];
    }
    float total = sum[0];
#pragma unroll
    for (int half = Threads / 2; half > 0; half /= 2) total = total + __shfl_xor_sync(0xFFFFFFFFu, total, half);
    return total;
}

/// Rows x Columns such products at once, which share every value that is read. Each keeps its own order.
template <int Threads, int Rows, int Columns>
__device__ __forceinline__ void lane_dots(int count, int lane, const float* const (&x)[Rows], const float* const (&w)[Columns],
                                          float (&out)[Rows][Columns]) {
    constexpr int own_lanes = SumShape::dot_lanes / Threads;
    float sum[Rows][Columns][own_lanes];
#pragma unroll
    for (int r = 0; r < Rows; ++r)
#pragma unroll
        for (int c = 0; c < Columns; ++c)
#pragma unroll
            for (int k = 0; k < own_lanes; ++k) sum[r][c][k] = 0.0f;
    for (int base = lane; base < count; base += SumShape::dot_lanes) {
#pragma unroll
        for (int k = 0; k < own_lanes; ++k) {
            const int i = base + k * Threads;
            if (i >= count) continue;
            float left[Rows], right[Columns];
#pragma unroll
            for (int r = 0; r < Rows; ++r) left[r] = x[r][i];
#pragma unroll
            for (int c = 0; c < Columns; ++c) right[c] = w[c][i];
#pragma unroll
            for (int r = 0; r < Rows; ++r)
#pragma unroll
                for (int c = 0; c < Columns; ++c) sum[r][c][k] = rules::fused(left[r], right[c], sum[r][c][k]);
        }
    }
#pragma unroll
    for (int r = 0; r < Rows; ++r)
#pragma unroll
        for (int c = 0; c < Columns; ++c) {
#pragma unroll
            for (int half = own_lanes / 2; half > 0; half /= 2)
#pragma unroll
                for (int k = 0; k < half; ++k) sum[r][c][k] = sum[r][c][k] + sum[r][c][k + half];
            float total = sum[r][c][0];
#pragma unroll
            for (int half = Threads / 2; half > 0; half /= 2) total = total + __shfl_xor_sync(0xFFFFFFFFu, total, half);
            out[r][c] = total;
        }
}

}  // namespace glissade::kernels
