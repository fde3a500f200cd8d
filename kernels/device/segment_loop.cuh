// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "kernels/device/record_pipeline.cuh"
#include "kernels/device/replica_exchange.cuh"
#include "kernels/device/segment_block.cuh"
#include "kernels/device/shared_storage.cuh"
#include "kernels/device/sliced_exchange.cuh"
#include "kernels/device/tile_sums.cuh"

namespace glissade::kernels {

/// Which rows of the batch a tile holds.
struct TileOfBatch {
    const BlockBatch& part;
    int group, chunk;
    std::int64_t step;  ///< of the segment
};

/// Leaves the block's part of the batch's sums in the first `sum_count` of sums(), element e with thread e % threads(). The look-ahead of
/// the last tile is left to the caller. `add_tile(tile)`: adds the current tile's rows to the sums of its partials.
template <class Block, class AddTile>
__device__ __forceinline__ void add_batch(const Block& b, RecordPipeline& pipeline, const BlockBatch& part, std::int64_t step,
                                          const AddTile& add_tile) {
    if (part.groups == 0) pipeline.advance_rates(step + 1);
    const int partials = part.division.group_partials, chunks = part.division.chunks;
    for (int group = 0; group < part.groups; ++group) {
        for (int chunk = 0; chunk < chunks; ++chunk) {
            if (group + chunk > 0) pipeline.look_ahead();
            pipeline.advance(group + chunk > 0 ? -1 : step + 1);
            add_tile(TileOfBatch{part, group, chunk, step});
        }
        __syncthreads();
        merge_group(b, partials, group, part.groups);
    }
}

/// The steps of a segment by one block of its team. `add_tile(block, pipeline, tile)`: what a batch's rows add to its sums.
template <Exchange Kind, class Params, class AddTile>
__device__ __forceinline__ void run_segment(const Params& params, const AddTile& add_tile) {
    using Block = SegmentBlock<Kind, Params>;
    using Finish = std::conditional_t<Kind == Exchange::replica, ReplicaExchange<Block>, SlicedExchange<Block>>;
    SegmentStorage& storage = shared_storage<SegmentStorage>();
    const Block block(params, storage);
    if (block.thread() == 0) {
        storage.frozen_member = block.members;
        storage.one = 1.0f;
    }
    Finish exchange(block);
    BatchCursor now;
    now.batch = params.first_batch;
    RecordPipeline pipeline(params, block.bytes(), block.rank, block.first_member, now, params.steps);
    for (; now.step < params.steps; now.advance(params.steps_per_epoch)) {
        const BlockBatch part = BlockBatch::of(params, now.batch, block.rank);
        add_batch(block, pipeline, part, now.step, [&](const TileOfBatch& tile) { add_tile(block, pipeline, tile); });
        if (!exchange.finish_step(part, pipeline.rates(now.step), now.step)) break;
        if (part.groups > 0) pipeline.look_ahead();
    }
    exchange.store(now.step);
}

}  // namespace glissade::kernels
