// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "kernels/device/fold.cuh"
#include "kernels/device/shared_storage.cuh"
#include "kernels/launch_judge.hpp"

namespace glissade::kernels {

// Does: one round of folded sums, of several terms at once.
// Layout: a block of 256 threads for each block of 256 values, striding over all terms' blocks with the whole grid.
// Reads+Writes: 8 bytes a value, 8 / 256 written.
// Order of sums: that of rules::folded_terms.
// Presumes: in and out apart.
static __global__ void __launch_bounds__(rules::folded_terms) fold_kernel(const __grid_constant__ FoldParams params) {
    auto& storage = shared_storage<FoldStorage>();
    const std::int64_t blocks = (params.count + rules::folded_terms - 1) / rules::folded_terms;
    for (std::int64_t item = blockIdx.x; item < blocks * params.terms; item += gridDim.x) {
        const std::int64_t term = item / blocks, block = item % blocks, i = block * rules::folded_terms + threadIdx.x;
        const double sum = block_fold(storage, i < params.count ? params.in[term * params.in_stride + i] : 0.0);
        if (threadIdx.x == 0) params.out[term * params.out_stride + block] = sum;
    }
}

// Does: replaces each value of a block of 256 by the sum of those before it in the block, and writes the sum of all.
// Layout: a block of 256 threads for each block of values, striding over them with the whole grid.
// Reads+Writes: 8 bytes read and written a value.
// Order of sums: that of scan_before.
// Presumes: values and sums apart.
static __global__ void __launch_bounds__(rules::folded_terms) scan_blocks_kernel(const __grid_constant__ ScanParams params) {
    auto& storage = shared_storage<FoldStorage>();
    const std::int64_t blocks = (params.count + rules::folded_terms - 1) / rules::folded_terms;
    for (std::int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        const std::int64_t i = block * rules::folded_terms + threadIdx.x;
        const double sum = block_scan(storage, i < params.count ? params.values[i] : 0.0);
        storage.values[threadIdx.x] = sum;
        __syncthreads();
        if (i < params.count) params.values[i] = threadIdx.x == 0 ? 0.0 : storage.values[threadIdx.x - 1];
        if (threadIdx.x == rules::folded_terms - 1) params.sums[block] = sum;
        __syncthreads();
    }
}

// Does: adds to each value what the blocks before its own sum up to.
// Layout: a thread a value, striding over them with the whole grid.
// Reads+Writes: 8 bytes read and written a value.
// Order of sums: one addition.
// Presumes: sums are scanned.
static __global__ void __launch_bounds__(rules::folded_terms) add_before_kernel(const __grid_constant__ ScanParams params) {
    const std::int64_t threads = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < params.count; i += threads)
        params.values[i] = params.sums[i / rules::folded_terms] + params.values[i];
}

// Does: lists the weights of negatives in the order of the scores.
// Layout: a thread a row, striding over them with the whole grid.
// Reads+Writes: 4 bytes read and 8 written a row.
// Order of sums: none.
// Presumes: nothing.
static __global__ void __launch_bounds__(rules::folded_terms) list_negatives_kernel(const __grid_constant__ RankParams params) {
    const std::int64_t threads = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i <= params.rows; i += threads) {
        const float weight = i < params.rows ? params.signed_weights[i] : 0.0f;
        params.negatives[i] = weight < 0.0f ? -static_cast<double>(weight) : 0.0;
    }
}

/// The first place in ascending keys that is not below `key`, or above it.
__device__ __forceinline__ std::int64_t find_key(const RankParams& params, std::uint32_t key, bool above) {
    std::int64_t begin = 0, end = params.rows;
    while (begin < end) {
        const std::int64_t middle = begin + (end - begin) / 2;
        if (params.keys[middle] < key || (above && params.keys[middle] == key))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

// Does: each positive's weight times the negatives' below it, those of its own score half; folded sums of it.
// Layout: a thread a row in the order of the scores; a block takes 256 of them, striding over all with the whole grid.
// Reads+Writes: 8 bytes a row, and two searches of the keys a positive; 8 / 256 written.
// Order of sums: that of rules::folded_terms.
// Presumes: keys ascend, negatives are scanned.
static __global__ void __launch_bounds__(rules::folded_terms) count_wins_kernel(const __grid_constant__ RankParams params) {
    auto& storage = shared_storage<FoldStorage>();
    const std::int64_t blocks = (params.rows + rules::folded_terms - 1) / rules::folded_terms;
    for (std::int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        const std::int64_t i = block * rules::folded_terms + threadIdx.x;
        const double weight = i < params.rows ? static_cast<double>(params.signed_weights[i]) : 0.0;
        double won = 0.0;
        if (weight > 0.0) {
            const std::uint32_t key = params.keys[i];
            won = weight * (params.negatives[find_key(params, key, false)] + params.negatives[find_key(params, key, true)]) / 2;
        }
        const double sum = block_fold(storage, won);
        if (threadIdx.x == 0) params.wins[block] = sum;
    }
}

}  // namespace glissade::kernels
