// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "glissade/rules/bfloat16.hpp"
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

/// The same of rows of bfloat16, two in a word of `x`: each thread plays neighbouring lanes, so the first halvings are between threads and
/// the last one is within one. The order is SumShape's all the same.
template <int Threads, int Rows, int Columns>
__device__ __forceinline__ void packed_lane_dots(int count, int lane, const float* const (&x)[Rows], const float* const (&w)[Columns],
                                                 float (&out)[Rows][Columns]) {
    constexpr int pairs = SumShape::dot_lanes / Threads / 2;
    float sum[Rows][Columns][2 * pairs];
#pragma unroll
    for (int r = 0; r < Rows; ++r)
#pragma unroll
        for (int c = 0; c < Columns; ++c)
#pragma unroll
            for (int k = 0; k < 2 * pairs; ++k) sum[r][c][k] = 0.0f;
    for (int base = 2 * lane; base < count; base += SumShape::dot_lanes) {
#pragma unroll
        for (int k = 0; k < pairs; ++k) {
            const int i = base + 2 * k * Threads;
            if (i >= count) continue;
            std::uint32_t words[Rows];
#pragma unroll
            for (int r = 0; r < Rows; ++r) words[r] = __builtin_bit_cast(std::uint32_t, x[r][i / 2]);
#pragma unroll
            for (int c = 0; c < Columns; ++c) {
                const float right = w[c][i];
#pragma unroll
                for (int r = 0; r < Rows; ++r) sum[r][c][2 * k] = rules::fused(rules::first_bfloat16(words[r]), right, sum[r][c][2 * k]);
            }
            if (i + 1 >= count) continue;
#pragma unroll
            for (int c = 0; c < Columns; ++c) {
                const float right = w[c][i + 1];
#pragma unroll
                for (int r = 0; r < Rows; ++r)
                    sum[r][c][2 * k + 1] = rules::fused(rules::second_bfloat16(words[r]), right, sum[r][c][2 * k + 1]);
            }
        }
    }
#pragma unroll
    for (int r = 0; r < Rows; ++r)
#pragma unroll
        for (int c = 0; c < Columns; ++c) {
#pragma unroll
            for (int half = pairs; half > 1; half /= 2)
#pragma unroll
                for (int k = 0; k < half; ++k) sum[r][c][k] = sum[r][c][k] + sum[r][c][k + half];
            float low = sum[r][c][0], high = sum[r][c][1];
#pragma unroll
            for (int half = Threads / 2; half > 0; half /= 2) {
                low = low + __shfl_xor_sync(0xFFFFFFFFu, low, half);
                high = high + __shfl_xor_sync(0xFFFFFFFFu, high, half);
            }
            out[r][c] = low + high;
        }
}

}  // namespace glissade::kernels
