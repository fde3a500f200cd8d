// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_pipeline_primitives.h>
#include <cuda_runtime.h>

#include "glissade/rules/update.hpp"
#include "kernels/device/block_batch.cuh"

namespace glissade::kernels {

/// Brings a block's rows into shared memory one tile ahead of their use, across the ends of steps and epochs: which rows the next tile
/// holds is known before the parameters are. Rows are looked up two tiles ahead and copied one ahead.
class RecordPipeline {
public:
    /// Of the steps from `begin` to the one before `end`.
    __device__ __forceinline__ RecordPipeline(const SegmentLinearParams& params, unsigned char* shared, int block, int first_member,
                                              const BatchCursor& begin, std::int64_t end)
        : params_(params),
          shared_(shared),
          block_(block),
          first_member_(first_member),
          tile_rows_(static_cast<int>(params.tile.all_rows())),
          record_chunks_(static_cast<int>(params.shape.record_floats() / chunk_floats)),
          pitch_(static_cast<int>(params.shape.record_pitch())),
          end_(end),
          cursor_(begin) {
        row_bits_ = __ffs(static_cast<int>(params.tile.rows)) - 1;
        part_ = BlockBatch::of(params_, cursor_.batch, block_);
        skip_idle_batches();
        look_up(0);
        __syncthreads();
        fetch(0, 0);
        fetch_rates(begin.step);
        __pipeline_commit();
        look_up(1);
    }

    /// Makes the next tile the current one. Its records are there when this returns; so is everything that the block wrote before.
    /// `rates_step`: the step whose scalars are fetched along, or -1.
    __device__ __forceinline__ void advance(std::int64_t rates_step) {
        __syncthreads();
        slot_ = after(slot_);
        buffer_ ^= 1;
        fetch(after(slot_), buffer_ ^ 1);
        if (rates_step >= 0) fetch_rates(rates_step);
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
    }

    /// Looks up the rows of the tile after the next one: once for every tile, between its advance and the next one's, where the block has
    /// time for it.
    __device__ __forceinline__ void look_ahead() { look_up(after(after(slot_))); }

    /// For a step in which the block has no tile: fetches scalars. Waits for all that was under way; others see it after the next barrier.
    __device__ __forceinline__ void advance_rates(std::int64_t rates_step) {
        __syncthreads();
        fetch_rates(rates_step);
        __pipeline_commit();
        __pipeline_wait_prior(0);
    }

    __device__ __forceinline__ const float* records() const { return buffer(buffer_); }
    /// Numbers of the current tile's rows, -1 where there is none.
    __device__ __forceinline__ const std::int64_t* rows() const { return rows_of(slot_); }
    /// Rows that each partial sum has in the current tile.
    __device__ __forceinline__ const int* counts() const { return counts_of(slot_); }
    __device__ __forceinline__ const float* rates(std::int64_t step) const { return rates_of(step); }
    __device__ __forceinline__ int row_bits() const { return row_bits_; }

private:
    static constexpr int chunk_floats = 4;
    static constexpr int chunk_bytes = 16;

    static __device__ __forceinline__ int after(int slot) { return slot == SegmentLayout::row_slots - 1 ? 0 : slot + 1; }
    __device__ __forceinline__ float* buffer(int which) const {
        return reinterpret_cast<float*>(shared_ + params_.layout.records) + which * tile_rows_ * pitch_;
    }
    __device__ __forceinline__ std::int64_t* rows_of(int slot) const {
        return reinterpret_cast<std::int64_t*>(shared_ + params_.layout.rows) + slot * tile_rows_;
    }
    __device__ __forceinline__ int* counts_of(int slot) const {
        return reinterpret_cast<int*>(shared_ + params_.layout.counts) + slot * static_cast<int>(params_.tile.partials);
    }
    __device__ __forceinline__ float* rates_of(std::int64_t step) const {
        const int floats = static_cast<int>(params_.shape.members) * rules::scalars_a_member;
        return reinterpret_cast<float*>(shared_ + params_.layout.rates) + static_cast<int>(step & 1) * floats;
    }

    __device__ __forceinline__ void skip_idle_batches() {
        while (cursor_.step < end_ && part_.groups == 0) next_batch();
    }
    __device__ __forceinline__ void next_batch() {
        cursor_.advance(params_.steps_per_epoch);
        group_ = 0;
        part_ = BlockBatch::of(params_, cursor_.batch, block_);
    }

    /// Writes the rows of the tile at the cursor into a slot, -1 where there is none, and moves the cursor on.
    __device__ __forceinline__ void look_up(int slot) {
        const bool ended = cursor_.step >= end_;
        // From the last thread down: the first ones may still be busy with parameters.
        for (int i = static_cast<int>(blockDim.x - 1 - threadIdx.x); i < tile_rows_; i += static_cast<int>(blockDim.x)) {
            const int q = i >> row_bits_, r = i & ((1 << row_bits_) - 1);
            std::int64_t row = -1;
            if (!ended && q < part_.division.group_partials) {
                const int partial = part_.first_partial + group_ * part_.division.group_partials + q;
                const std::int64_t first = part_.first_row(partial) + (static_cast<std::int64_t>(chunk_) << row_bits_);
                const std::int64_t left = part_.first_row(partial + 1) - first;
                if (r < left) row = params_.orders[cursor_.epoch](part_.begin + first + r);
                if (r == 0)
                    counts_of(slot)[q] =
                        left < 0 ? 0 : (left < params_.tile.rows ? static_cast<int>(left) : static_cast<int>(params_.tile.rows));
            }
            rows_of(slot)[i] = row;
        }
        if (ended || ++chunk_ < part_.division.chunks) return;
        chunk_ = 0;
        if (++group_ < part_.groups) return;
        next_batch();
        skip_idle_batches();
    }

    __device__ __forceinline__ void fetch(int slot, int into) const {
        if (!params_.launch.places.records) return;
        const std::int64_t* rows = rows_of(slot);
        float* records = buffer(into);
        const int chunks = tile_rows_ * record_chunks_;
        for (int i = static_cast<int>(threadIdx.x); i < chunks; i += static_cast<int>(blockDim.x)) {
            const int t = params_.by_record_chunks.quotient(i);
            const std::int64_t row = rows[t];
            if (row < 0) continue;
            const int within = i - t * record_chunks_;
            __pipeline_memcpy_async(records + t * pitch_ + within * chunk_floats,
                                    params_.records + (row * record_chunks_ + within) * chunk_floats, chunk_bytes);
        }
    }

    __device__ __forceinline__ void fetch_rates(std::int64_t step) const {
        if (step >= end_) return;
        const int floats = static_cast<int>(params_.shape.members) * rules::scalars_a_member;
        for (int i = static_cast<int>(threadIdx.x) * chunk_floats; i < floats; i += static_cast<int>(blockDim.x) * chunk_floats)
            __pipeline_memcpy_async(rates_of(step) + i,
                                    params_.scalars + (step * params_.all_members + first_member_) * rules::scalars_a_member + i,
                                    chunk_bytes);
    }

    const SegmentLinearParams& params_;
    unsigned char* shared_;
    int block_, first_member_, tile_rows_, record_chunks_;
    int pitch_;         ///< floats from one record to the next
    int row_bits_ = 0;  ///< log2 of the rows of a partial sum in a tile
    std::int64_t end_;
    BatchCursor cursor_;
    BlockBatch part_;  ///< of the cursor's step
    int group_ = 0, chunk_ = 0;
    int slot_ = SegmentLayout::row_slots - 1, buffer_ = 1;  ///< of the current tile: before the first one
};

}  // namespace glissade::kernels
