// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "kernels/device/shared_storage.cuh"
#include "kernels/device/sparse_batch.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

struct CountStorage {
    std::uint32_t values[tuning::sparse_threads];
};

// Does: finds the rows of the step's batch and, unless by atomics, counts their entries, so that each knows where its own belong.
// Layout: a thread a row; a block counts the entries of tile_rows rows, as many as it has threads.
// Reads+Writes: two offsets out of order (64 bytes of memory) and a place of 16 bytes written a row.
// Order of sums: whole numbers.
// Presumes: a batch with fewer than 2^32 entries.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_rows_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const SparseBatch batch(params, params.control->step);
    auto& storage = shared_storage<CountStorage>();
    const EpochOrder& order = params.orders[batch.epoch];
    for (std::int64_t tile = blockIdx.x; tile * params.tile_rows < batch.rows; tile += gridDim.x) {
        const std::int64_t position = tile * params.tile_rows + threadIdx.x;
        SparseRowPlace place;
        if (position < batch.rows) {
            const std::int64_t row = order(batch.first + position);
            place.begin = params.offsets[row];
            place.length = static_cast<std::uint32_t>(params.offsets[row + 1] - place.begin);
        }
        if (!params.by_atomics) {
            const std::uint32_t end = block_count(storage.values, place.length);
            place.place = end - place.length;
            if (threadIdx.x == blockDim.x - 1) params.tile_entries[tile] = end;
        }
        if (position < batch.rows) params.places[position] = place;
    }
}

// Does: turns the tiles' entries into those of the tiles before them, and counts all.
// Layout: one block; a thread a tile, round by round.
// Reads+Writes: 8 bytes a tile.
// Order of sums: whole numbers.
// Presumes: the same as sparse_rows.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_scan_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    const SparseBatch batch(params, params.control->step);
    auto& storage = shared_storage<CountStorage>();
    const std::int64_t tiles = (batch.rows + params.tile_rows - 1) / params.tile_rows;
    std::uint32_t before = 0;
    for (std::int64_t first = 0; first < tiles; first += blockDim.x) {
        const std::int64_t tile = first + threadIdx.x;
        const std::uint32_t own = tile < tiles ? params.tile_entries[tile] : 0;
        const std::uint32_t end = block_count(storage.values, own);
        if (tile < tiles) params.tile_entries[tile] = before + end - own;
        storage.values[threadIdx.x] = end;
        __syncthreads();
        before += storage.values[blockDim.x - 1];
        __syncthreads();
    }
    if (threadIdx.x == 0) params.control->entries = before;
}

}  // namespace glissade::kernels
