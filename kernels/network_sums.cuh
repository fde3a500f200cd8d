// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/portable.hpp"
#include "kernels/device/shared_storage.cuh"
#include "kernels/device/step_rules.cuh"
#include "kernels/device/tree_sum.cuh"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

struct NetworkSumStorage {
    float values[tuning::row_threads];
    int first_frozen;  ///< of decide: the first member with a sum that is not finite
};

/// The sum of a value of each of row_threads threads, halving by halving: thread 0 gets it. Every thread of the block must call.
__device__ __forceinline__ float network_block_sum(NetworkSumStorage& storage, float value) {
    const int t = static_cast<int>(threadIdx.x);
    storage.values[t] = value;
    __syncthreads();
    for (int half = tuning::row_threads / 2; half > 0; half /= 2) {
        if (t < half) storage.values[t] = storage.values[t] + storage.values[t + half];
        __syncthreads();
    }
    return storage.values[0];
}

/// The binary tree over `count` values (a power of two up to 128) that lie `stride` apart.
__device__ __forceinline__ float network_tree_sum(const float* values, std::int64_t stride, int count) {
    constexpr int at_once = 32;
    float half = fresh_strided_sum(values, stride, count < at_once ? count : at_once);
    if (count <= at_once) return half;
    half = half + fresh_strided_tree<at_once>(values + at_once * stride, stride);
    if (count == 2 * at_once) return half;
    return half + (fresh_strided_tree<at_once>(values + 2 * at_once * stride, stride) +
                   fresh_strided_tree<at_once>(values + 3 * at_once * stride, stride));
}

// Does: adds up the partial sums of biases and losses into the members' sums.
// Layout: 32 sums a block, a warp an eighth of their partial sums, neighbouring lanes neighbouring sums; then a thread a sum.
// Reads+Writes: 4 bytes read a partial sum, 4 written a sum.
// Order of sums: SumShape's binary tree.
// Presumes: at most 1024 partial sums, a power of two.
static __global__ void __launch_bounds__(tuning::row_threads) network_fold_kernel(const __grid_constant__ NetworkFoldParams params) {
    auto& storage = shared_storage<NetworkSumStorage>();
    constexpr int warps = tuning::row_threads / tuning::warp;
    const int t = static_cast<int>(threadIdx.x), lane = t % tuning::warp, warp = t / tuning::warp;
    const int partials = static_cast<int>(params.partials), parts = partials < warps ? partials : warps, own = partials / parts;
    const std::int64_t all = params.shape.all_partial_sums();
    for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * tuning::warp; first < all;
         first += static_cast<std::int64_t>(gridDim.x) * tuning::warp) {
        const std::int64_t c = first + lane;
        const bool works = c < all && warp < parts;
        storage.values[t] =
            works ? network_tree_sum(params.partial_sums + static_cast<std::int64_t>(warp) * own * all + c, all, own) : 0.0f;
        __syncthreads();
        for (int apart = 1; apart < parts; apart *= 2) {
            if (warp % (2 * apart) == 0 && warp + apart < parts)
                storage.values[t] = storage.values[t] + storage.values[t + apart * tuning::warp];
            __syncthreads();
        }
        if (warp == 0 && c < all) {
            const std::int64_t m = c / params.shape.partial_sums, k = c - m * params.shape.partial_sums;
            params.sums[m * params.shape.sum_stride + params.places[k]] = storage.values[t];
        }
        __syncthreads();
    }
}

// Does: raises a member's flag if one of its sums is not finite; adds up squares of its gradient.
// Layout: a block a piece of one member's sums, striding over all pieces with the whole grid.
// Reads+Writes: 4 bytes read a sum, 4 written a piece.
// Order of sums: within a piece every 256th square from 0, then halving by halving.
// Presumes: the flags are down.
static __global__ void __launch_bounds__(tuning::row_threads) network_check_kernel(const __grid_constant__ NetworkCheckParams params) {
    auto& storage = shared_storage<NetworkSumStorage>();
    const std::int64_t parameters = params.shape.parameters, pieces = network_pieces(parameters);
    const float rows = static_cast<float>(params.shape.rows), limit = params.clip_value;
    for (std::int64_t piece = blockIdx.x; piece < params.shape.members * pieces; piece += gridDim.x) {
        const std::int64_t m = piece / pieces, begin = (piece - m * pieces) * network_piece;
        const std::int64_t end = begin + network_piece < parameters ? begin + network_piece : parameters;
        const float* sums = params.sums + m * params.shape.sum_stride;
        bool bad = begin == 0 && threadIdx.x == 0 && !rules::is_finite(sums[parameters]);  // the loss
        float square = 0.0f;
#pragma unroll 4
        for (std::int64_t e = begin + threadIdx.x; e < end; e += tuning::row_threads) {
            const float sum = sums[e];
            bad = bad || !rules::is_finite(sum);
            const float g = mean_within(sum, rows, limit);
            square = rules::fused(g, g, square);
        }
        if (bad) atomicOr(params.not_finite + m, 1);
        if (!params.squares) continue;
        const float total = network_block_sum(storage, square);
        if (threadIdx.x == 0) params.squares[piece] = total;
        __syncthreads();
    }
}

// Does: losses of the step, whether it freezes the run, factors by which norms clip; then the leg is at its next step.
// Layout: one block; a thread a member for flags and losses, the whole block a member for a norm.
// Reads+Writes: 12 bytes a member, 4 a piece of its gradient.
// Order of sums: every 256th piece from 0, then halving by halving.
// Presumes: nothing else of the step but its update is to come.
static __global__ void __launch_bounds__(tuning::row_threads) network_decide_kernel(const __grid_constant__ NetworkDecideParams params) {
    auto& storage = shared_storage<NetworkSumStorage>();
    NetworkLeg& leg = *params.leg;
    if (leg.frozen) return;
    const std::int64_t members = params.shape.members, pieces = network_pieces(params.shape.parameters), step = leg.step;
    if (threadIdx.x == 0) storage.first_frozen = static_cast<int>(members);
    __syncthreads();
    for (std::int64_t m = threadIdx.x; m < members; m += blockDim.x) {
        leg.loss_sums[step * members + m] = params.sums[m * params.shape.sum_stride + params.shape.parameters];
        if (params.not_finite[m]) atomicMin(&storage.first_frozen, static_cast<int>(m));
        params.not_finite[m] = 0;
    }
    __syncthreads();
    if (params.squares)
        for (std::int64_t m = 0; m < members; ++m) {
            float square = 0.0f;
            for (std::int64_t i = threadIdx.x; i < pieces; i += tuning::row_threads) square = square + params.squares[m * pieces + i];
            const float norm = rules::root(network_block_sum(storage, square));
            if (threadIdx.x == 0) params.clip[m] = norm > params.clip_norm ? params.clip_norm / (norm + 1e-6f) : 1.0f;
            __syncthreads();
        }
    if (threadIdx.x > 0) return;
    if (storage.first_frozen < members) {
        leg.frozen = 1;
        *leg.outcome = {step, storage.first_frozen};
        return;
    }
    leg.step = step + 1;
    leg.batch = leg.batch + 1;
    if (leg.batch == params.steps_per_epoch) {
        leg.batch = 0;
        leg.epoch = leg.epoch + 1;
    }
    leg.outcome->steps_done = step + 1;
}

}  // namespace glissade::kernels
