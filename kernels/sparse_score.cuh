// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/waiting.hpp"
#include "kernels/device/sparse_batch.cuh"
#include "kernels/device/sparse_loss.cuh"
#include "kernels/device/sparse_row.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// Scores of a row of the batch for `Models` models from `first` on, to `scores` of all models; null: the thread has no row.
template <int Models>
__device__ __forceinline__ void score_sparse_models(const SparseStepParams& p, const SparseRowPlace& place, std::int64_t first,
                                                    std::int64_t step, float* scores) {
    const std::int64_t stride = p.shape.stride(), models = p.shape.models(), mark_at = p.shape.mark_at();
    const int lane = static_cast<int>(threadIdx.x) % sparse_lanes;
    Waiting<float> waiting[Models];
    if (p.by_product) {
#pragma unroll
        for (int m = 0; m < Models; ++m) {
            const std::int64_t model = first + m < models ? first + m : models - 1;
            const SparseWaiting& own = p.waiting[step * p.shape.members + model / p.shape.outputs];
            waiting[m] = {own.product_before, own.sum_before, p.shrinks};
        }
    }
    const std::uint32_t* indices = p.indices + place.begin;
    const float* values = p.values + place.begin;
    float sums[Models];
    sparse_dots(
        place.length, lane, [&](std::int64_t k, std::uint32_t column) { return p.scale ? values[k] * p.scale[column] : values[k]; },
        [&](std::int64_t k) { return indices[k]; },
        [&](std::uint32_t column, int m) {
            const float* record = p.records + column * stride;
            const std::int64_t model = first + m < models ? first + m : models - 1;
            const float theta = record[SparseShape::theta_at + model];
            return p.by_product ? waiting[m].settle(theta, p.shrinks ? record[mark_at + model] : 0.0f) : theta;
        },
        sums);
    if (lane != 0 || !scores) return;
#pragma unroll
    for (int m = 0; m < Models; ++m)
        if (first + m < models) scores[first + m] = p.shape.bias ? sums[m] + p.biases[first + m] : sums[m];
}

/// The entries of a row of the batch as pairs to be sorted.
__device__ __forceinline__ void list_sparse_row(const SparseStepParams& p, const SparseRowPlace& place, std::int64_t position) {
    const std::int64_t slot = static_cast<std::int64_t>(p.tile_entries[position / p.tile_rows]) + place.place;
    const float slope = p.slopes[position * p.shape.models()];
    for (std::int64_t k = static_cast<int>(threadIdx.x) % sparse_lanes; k < place.length; k += sparse_lanes) {
        const std::uint32_t column = p.indices[place.begin + k];
        const float value = p.values[place.begin + k], x = p.scale ? value * p.scale[column] : value;
        p.keys_in[slot + k] = column;
        if (p.by_slot) {
            p.terms_in[slot + k] = static_cast<std::uint32_t>(slot + k);
            p.slot_rows[slot + k] = static_cast<std::uint32_t>(position);
            p.slot_values[slot + k] = x;
        } else {
            p.terms_in[slot + k] = __float_as_uint(slope * x);
        }
        if (p.clip_norm > 0.0f) p.groups_in[slot + k] = column_groups;
    }
}

/// The terms of a row of the batch, added to the gradients of their columns.
__device__ __forceinline__ void add_sparse_row(const SparseStepParams& p, const SparseRowPlace& place, std::int64_t position) {
    const std::int64_t models = p.shape.models();
    const float* slopes = p.slopes + position * models;
    for (std::int64_t k = static_cast<int>(threadIdx.x) % sparse_lanes; k < place.length; k += sparse_lanes) {
        const std::uint32_t column = p.indices[place.begin + k];
        const float value = p.values[place.begin + k], x = p.scale ? value * p.scale[column] : value;
        float* gradient = p.records + column * p.shape.stride() + p.shape.gradient_at();
        for (std::int64_t m = 0; m < models; ++m) atomicAdd(gradient + m, slopes[m] * x);
    }
}

// Does: scores of the batch's rows, their slopes and losses, and their entries as pairs of column and term, or added to gradients.
// Layout: four threads a row, entry k to thread k % 4; then a thread a row for slopes and losses; then four threads a row again.
// Reads+Writes: an entry's 8 bytes, 32 of its column's record, out of order, and 8 to 20 written for it; 16 + 4 (T + w) a row.
// Order of sums: four lanes, (l0 + l2) + (l1 + l3); gradients by atomics in any.
// Presumes: places and tile_entries of this step; capacity for all entries.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_scores_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const std::int64_t step = params.control->step, models = params.shape.models();
    const SparseBatch batch(params, step);
    const EpochOrder& order = params.orders[batch.epoch];
    const std::int64_t rows = blockDim.x / sparse_lanes;
    for (std::int64_t tile = blockIdx.x; tile * rows < batch.rows; tile += gridDim.x) {
        const std::int64_t position = tile * rows + threadIdx.x / sparse_lanes;
        const bool active = position < batch.rows;
        SparseRowPlace place;
        if (active) place = params.places[position];
        float* scores = active ? params.slopes + position * models : nullptr;
        if (models == 1)
            score_sparse_models<1>(params, place, 0, step, scores);
        else
            for (std::int64_t first = 0; first < models; first += 4) score_sparse_models<4>(params, place, first, step, scores);
        __syncthreads();
        const std::int64_t own = tile * rows + threadIdx.x;
        if (threadIdx.x < rows && own < batch.rows)
            visit_rule(LossRules{}, params.loss,
                       EvaluateSparseRow{params, order(batch.first + own), params.slopes + own * models,
                                         params.losses + own * params.shape.members});
        __syncthreads();
        if (active) params.by_atomics ? add_sparse_row(params, place, position) : list_sparse_row(params, place, position);
    }
    if (params.by_atomics) return;
    for (std::int64_t i = params.control->entries + grid_thread(); i < params.capacity; i += grid_threads()) {
        params.keys_in[i] = 0xFFFFFFFFu;
        params.terms_in[i] = 0;
        if (params.clip_norm > 0.0f) params.groups_in[i] = column_groups;
    }
}

// Does: scores of sparse rows for evaluation and prediction.
// Layout: four threads a row, striding over the rows with the whole grid.
// Reads+Writes: 8 bytes and a weight's 32, out of order, an entry and output; 8 + 4 O a row.
// Order of sums: four lanes, (l0 + l2) + (l1 + l3).
// Presumes: nothing else.
static __global__ void __launch_bounds__(tuning::sparse_threads) score_sparse_kernel(const __grid_constant__ ScoreSparseParams params) {
    const std::int64_t rows = grid_threads() / sparse_lanes;
    const int lane = static_cast<int>(threadIdx.x) % sparse_lanes;
    for (std::int64_t first = 0; first < params.rows; first += rows) {
        const std::int64_t row = first + grid_thread() / sparse_lanes;
        const bool active = row < params.rows;
        const std::int64_t begin = active ? params.offsets[row] - params.first : 0;
        const std::int64_t count = active ? params.offsets[row + 1] - params.first - begin : 0;
        for (std::int64_t o = 0; o < params.outputs; ++o) {
            const float* weights = params.parameters + o * params.columns;
            float sum[1];
            sparse_dots(
                count, lane,
                [&](std::int64_t k, std::uint32_t column) {
                    const float value = params.values[begin + k];
                    return params.scale ? value * params.scale[column] : value;
                },
                [&](std::int64_t k) { return params.indices[begin + k]; }, [&](std::uint32_t column, int) { return weights[column]; }, sum);
            if (!active || lane != 0) continue;
            params.scores[row * params.outputs + o] =
                params.bias ? sum[0] + params.parameters[params.outputs * params.columns + o] : sum[0];
        }
    }
}

}  // namespace glissade::kernels
