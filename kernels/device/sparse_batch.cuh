// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/device/sparse_row.cuh"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch_sparse.hpp"

namespace glissade::kernels {

/// The batch of a step of the table: which epoch, from which position, how many rows.
struct SparseBatch {
    std::int64_t epoch, first, rows;

    __device__ __forceinline__ SparseBatch(const SparseStepParams& p, std::int64_t step) {
        const std::int64_t batch = p.control->first_batch + step;
        epoch = batch / p.steps_per_epoch;
        first = (batch - epoch * p.steps_per_epoch) * p.batch_size;
        rows = p.rows - first < p.batch_size ? p.rows - first : p.batch_size;
    }
};

__device__ __forceinline__ std::int64_t grid_threads() {
    return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}
__device__ __forceinline__ std::int64_t grid_thread() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Gradient of the mean loss, held within the limit.
__device__ __forceinline__ float sparse_mean(const SparseStepParams& p, float sum, float rows) {
    return mean_within(sum, rows, p.clip_value);
}

/// Whether sorted entry i is the first of its column.
__device__ __forceinline__ bool begins_column(const SparseStepParams& p, std::int64_t i) {
    return i == 0 || p.keys_out[i - 1] != p.keys_out[i];
}

/// Calls `visit(column)` for every entry of the batch, row by row: four threads share a row.
template <class Visit>
__device__ __forceinline__ void visit_entries(const SparseStepParams& p, const SparseBatch& batch, const Visit& visit) {
    for (std::int64_t row = grid_thread() / sparse_lanes; row < batch.rows; row += grid_threads() / sparse_lanes) {
        const SparseRowPlace place = p.places[row];
        for (std::int64_t k = static_cast<int>(threadIdx.x) % sparse_lanes; k < place.length; k += sparse_lanes)
            visit(p.indices[place.begin + k]);
    }
}

/// The sum of the values of this thread and those before it. `values`: one a thread, shared. Every thread of the block must call.
__device__ __forceinline__ std::uint32_t block_count(std::uint32_t* values, std::uint32_t value) {
    const unsigned t = threadIdx.x;
    for (unsigned reach = 1; reach < blockDim.x; reach *= 2) {
        values[t] = value;
        __syncthreads();
        if (t >= reach) value += values[t - reach];
        __syncthreads();
    }
    return value;
}

}  // namespace glissade::kernels
