// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/sum_shape.hpp"
#include "glissade/rules/waiting.hpp"
#include "kernels/device/sparse_batch.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// The term of sorted entry i for `Models` models from `first` on.
template <int Models>
__device__ __forceinline__ void sparse_terms(const SparseStepParams& p, std::int64_t i, std::int64_t first, float (&terms)[Models]) {
    const std::int64_t models = p.shape.models();
    if (!p.by_slot) {
        terms[0] = __uint_as_float(p.terms_out[i]);
        return;
    }
    const std::uint32_t slot = p.terms_out[i];
    const float* slopes = p.slopes + p.slot_rows[slot] * models;
    const float value = p.slot_values[slot];
#pragma unroll
    for (int m = 0; m < Models; ++m) terms[m] = first + m < models ? slopes[first + m] * value : 0.0f;
}

/// Sums of a column for `Models` models become gradients, and a sum that is not finite is noted.
template <int Models>
__device__ __forceinline__ void store_column(const SparseStepParams& p, std::uint32_t column, std::int64_t first,
                                             const float (&sums)[Models]) {
    float* gradient = p.records + column * p.shape.stride() + p.shape.gradient_at();
#pragma unroll
    for (int m = 0; m < Models; ++m) {
        if (first + m >= p.shape.models()) continue;
        gradient[first + m] = sums[m];
        if (!rules::is_finite(sums[m])) atomicOr(&p.bad[(first + m) / p.shape.outputs], 1);
    }
}

/// Notes a sum of a column that is not finite, where atomics added them.
__device__ __forceinline__ void check_column(const SparseStepParams& p, std::uint32_t column) {
    const float* gradient = p.records + column * p.shape.stride() + p.shape.gradient_at();
    for (std::int64_t m = 0; m < p.shape.models(); ++m)
        if (!rules::is_finite(gradient[m])) atomicOr(&p.bad[m / p.shape.outputs], 1);
}

/// Entry i, the first of its column, by one thread.
template <int Models>
__device__ __forceinline__ void add_column(const SparseStepParams& p, std::int64_t i, std::uint32_t column, std::int64_t first) {
    float sums[Models] = {};
    for (std::int64_t j = i; j < p.control->entries && p.keys_out[j] == column; ++j) {
        float terms[Models];
        sparse_terms(p, j, first, terms);
#pragma unroll
        for (int m = 0; m < Models; ++m) sums[m] = sums[m] + terms[m];
    }
    store_column(p, column, first, sums);
}

/// The same for a long column by a warp: its lanes fetch, all of them add in order.
template <int Models>
__device__ __forceinline__ void add_long_column(const SparseStepParams& p, std::int64_t i, std::uint32_t column, std::int64_t first) {
    const int lane = static_cast<int>(threadIdx.x) % tuning::warp;
    const std::int64_t entries = p.control->entries;
    float sums[Models] = {};
    for (int count = tuning::warp; count == tuning::warp; i += tuning::warp) {
        const bool belongs = i + lane < entries && p.keys_out[i + lane] == column;
        float terms[Models] = {};
        if (belongs) sparse_terms(p, i + lane, first, terms);
        count = __popc(__ballot_sync(0xFFFFFFFFu, belongs));
#pragma unroll 8
        for (int t = 0; t < count; ++t)
#pragma unroll
            for (int m = 0; m < Models; ++m) sums[m] = sums[m] + __shfl_sync(0xFFFFFFFFu, terms[m], t);
    }
    if (lane == 0) store_column(p, column, first, sums);
}

/// The columns that begin at a warp's 32 sorted entries.
template <int Models>
__device__ __forceinline__ void add_columns(const SparseStepParams& p, std::int64_t base) {
    const std::int64_t entries = p.control->entries, i = base + threadIdx.x % tuning::warp;
    const bool begins = i < entries && begins_column(p, i);
    const std::uint32_t column = begins ? p.keys_out[i] : 0;
    const bool is_long = begins && i + tuning::warp < entries && p.keys_out[i + tuning::warp] == column;
    if (begins && p.clip_norm > 0.0f) {
        const std::uint32_t slot = p.terms_out[i];
        p.groups_in[slot] = static_cast<std::uint32_t>(group_of(column));
        p.columns_in[slot] = column;
    }
    const std::int64_t models = p.shape.models();
    for (std::int64_t first = 0; first < models && begins && !is_long; first += Models) add_column<Models>(p, i, column, first);
    for (unsigned left = __ballot_sync(0xFFFFFFFFu, is_long); left != 0; left &= left - 1) {
        const int lane = __ffs(static_cast<int>(left)) - 1;
        const std::uint32_t its_column = __shfl_sync(0xFFFFFFFFu, column, lane);
        for (std::int64_t first = 0; first < models; first += Models) add_long_column<Models>(p, base + lane, its_column, first);
    }
}

// Does: partial sums of losses and slopes, and the gradient of each column of the batch from its sorted entries; by atomics it is there.
// Layout: a thread a partial sum; then a thread for each entry that begins a column, or its whole warp if the column has more than 32; by
//   atomics four threads a row.
// Reads+Writes: 8 bytes an entry (20 and its row's slopes if by_slot), the gradient in its column's record; 4 (M + members) a row.
// Order of sums: SumShape's within a partial; the rows of a column in order.
// Presumes: entries sorted by column, those of a column in row order.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_columns_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const SparseBatch batch(params, params.control->step);
    const SumShape shape = SumShape::of_batch(batch.rows);
    const std::int64_t members = params.shape.members, models = params.shape.models(), width = members + models;
    for (std::int64_t item = grid_thread(); item < shape.partials * width; item += grid_threads()) {
        const std::int64_t v = item / width, which = item - v * width;
        const float* from = which < members ? params.losses + which : params.slopes + (which - members);
        const std::int64_t apart = which < members ? members : models;
        float sum = 0;
        for (std::int64_t row = shape.begin(v); row < shape.begin(v + 1); ++row) sum = sum + from[row * apart];
        params.partials[item] = sum;
    }
    if (params.by_atomics) {
        visit_entries(params, batch, [&](std::uint32_t column) { check_column(params, column); });
        return;
    }
    for (std::int64_t base = grid_thread() / tuning::warp * tuning::warp; base < params.control->entries; base += grid_threads()) {
        if (models == 1)
            add_columns<1>(params, base);
        else
            add_columns<4>(params, base);
    }
}

/// Where the pairs of a group begin.
__device__ __forceinline__ std::int64_t group_begin(const SparseStepParams& p, std::uint32_t group) {
    std::int64_t low = 0, high = p.capacity;
    while (low < high) {
        const std::int64_t middle = (low + high) / 2;
        if (p.groups_out[middle] < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Does: the squares of the batch's gradients, group by group.
// Layout: a warp a group and member.
// Reads+Writes: 4 bytes and a gradient's 32, out of order, a column of the batch.
// Order of sums: columns as the batch first holds them, outputs in order.
// Presumes: pairs of group and column sorted by group.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_norm_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const SparseBatch batch(params, params.control->step);
    const float rows = static_cast<float>(batch.rows);
    const std::int64_t members = params.shape.members, outputs = params.shape.outputs, stride = params.shape.stride();
    const int lane = static_cast<int>(threadIdx.x) % tuning::warp;
    for (std::int64_t item = grid_thread() / tuning::warp; item < column_groups * members; item += grid_threads() / tuning::warp) {
        const auto group = static_cast<std::uint32_t>(item / members);
        const std::int64_t member = item % members, end = group_begin(params, group + 1);
        const float* gradients = params.records + params.shape.gradient_at() + member * outputs;
        float sum = 0;
        for (std::int64_t i = group_begin(params, group); i < end; i += tuning::warp) {
            const std::uint32_t column = i + lane < end ? params.columns_out[i + lane] : 0;
            const int count = static_cast<int>(end - i < tuning::warp ? end - i : tuning::warp);
            const float own = sparse_mean(params, gradients[column * stride], rows);  // of output 0
            for (int t = 0; t < count; ++t) {
                const float first = __shfl_sync(0xFFFFFFFFu, own, t);
                sum = sum + first * first;
                if (outputs == 1) continue;
                const float* its = gradients + __shfl_sync(0xFFFFFFFFu, column, t) * stride;
                for (std::int64_t o = 1; o < outputs; ++o) {
                    const float g = sparse_mean(params, its[o], rows);
                    sum = sum + g * g;
                }
            }
        }
        if (lane == 0) params.group_squares[item] = sum;
    }
}

}  // namespace glissade::kernels
