// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/sum_shape.hpp"
#include "kernels/device/shared_storage.cuh"
#include "kernels/device/sparse_rules.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

struct DecideStorage {
    std::int64_t frozen_member;
};

/// Adds `count` rows of `width` values by a perfect binary tree; the sums are row 0. Every thread of the block must call.
__device__ __forceinline__ void add_by_tree(float* values, std::int64_t count, std::int64_t width) {
    for (std::int64_t apart = 1; apart < count; apart *= 2) {
        for (std::int64_t item = threadIdx.x; item < count / (2 * apart) * width; item += blockDim.x) {
            const std::int64_t v = item / width * 2 * apart, i = item % width;
            values[v * width + i] = values[v * width + i] + values[(v + apart) * width + i];
        }
        __syncthreads();
    }
}

/// The factor of the limit on the norm of a member, from the sum of its columns' squares.
__device__ __forceinline__ float sparse_norm_factor(const SparseStepParams& p, std::int64_t member) {
    float sum = p.group_squares[member];
    for (std::int64_t k = member * p.shape.outputs; p.shape.bias && k < (member + 1) * p.shape.outputs; ++k)
        sum = sum + p.bias_gradient[k] * p.bias_gradient[k];
    const float norm = rules::root(sum);
    return norm > p.clip_norm ? p.clip_norm / (norm + 1e-6f) : 1.0f;
}

// Does: what a step does once: the batch's losses, whether all sums are finite, the norm, the biases. Counts the step, or freezes.
// Layout: one block; a thread a sum, a member or a bias at a time.
// Reads+Writes: 4 (M + members) bytes a partial sum, a bias with its state.
// Order of sums: SumShape's tree of partial sums, a tree of the groups' squares.
// Presumes: gradients of the batch's columns, and group_squares with a limit on the norm.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_decide_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const std::int64_t step = params.control->step, members = params.shape.members, models = params.shape.models();
    const SparseBatch batch(params, step);
    const float rows = static_cast<float>(batch.rows);
    auto& storage = shared_storage<DecideStorage>();
    if (threadIdx.x == 0) storage.frozen_member = -1;
    add_by_tree(params.partials, SumShape::of_batch(batch.rows).partials, members + models);
    if (params.clip_norm > 0.0f) add_by_tree(params.group_squares, column_groups, members);
    for (std::int64_t m = threadIdx.x; m < members; m += blockDim.x) {
        const float loss = params.partials[m];
        params.loss_sums[step * members + m] = loss;
        if (!rules::is_finite(loss)) atomicOr(&params.bad[m], 1);
    }
    for (std::int64_t k = threadIdx.x; k < models && params.shape.bias; k += blockDim.x) {
        const float sum = params.partials[members + k];
        if (!rules::is_finite(sum)) atomicOr(&params.bad[k / params.shape.outputs], 1);
        params.bias_gradient[k] = sparse_mean(params, sum, rows);
    }
    __syncthreads();
    if (threadIdx.x == 0)
        for (std::int64_t m = members - 1; m >= 0; --m)
            if (params.bad[m] != 0) storage.frozen_member = m;
    for (std::int64_t m = threadIdx.x; m < members && params.clip_norm > 0.0f; m += blockDim.x)
        params.factors[m] = sparse_norm_factor(params, m);
    __syncthreads();
    if (storage.frozen_member >= 0) {
        if (threadIdx.x == 0) params.control->frozen_member = storage.frozen_member;
        return;
    }
    if (params.shape.bias) {
        for (std::int64_t k = threadIdx.x; k < models && params.clip_norm > 0.0f; k += blockDim.x)
            params.bias_gradient[k] = params.bias_gradient[k] * params.factors[k / params.shape.outputs];
        visit_update(params.rule, params.variant, UpdateSparseBiases{params, step});
    }
    if (threadIdx.x == 0) params.control->step = step + 1;
}

}  // namespace glissade::kernels
