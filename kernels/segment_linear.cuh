// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "kernels/device/replica_exchange.cuh"
#include "kernels/device/shared_storage.cuh"
#include "kernels/device/sliced_exchange.cuh"
#include "kernels/device/tile_scores.cuh"
#include "kernels/device/tile_sums.cuh"

namespace glissade::kernels {

/// Leaves the block's part of the batch's sums in the first `sum_count` of sums(), element e with thread e % threads(). The look-ahead of
/// the last tile is left to the caller.
template <Exchange Kind>
__device__ __forceinline__ void add_batch(const SegmentBlock<Kind>& b, RecordPipeline& pipeline, const BlockBatch& part,
                                          std::int64_t step) {
    if (part.groups == 0) pipeline.advance_rates(step + 1);
    const int partials = part.division.group_partials, chunks = part.division.chunks;
    for (int group = 0; group < part.groups; ++group) {
        for (int chunk = 0; chunk < chunks; ++chunk) {
            if (group + chunk > 0) pipeline.look_ahead();
            pipeline.advance(group + chunk > 0 ? -1 : step + 1);
            score_tile(b, pipeline, partials);
            __syncthreads();
            add_tile(b, pipeline, partials, chunk == 0);
        }
        __syncthreads();
        merge_group(b, partials, group, part.groups);
    }
}

// Does: runs a segment of training steps of a dense model of the linear family; freezes before the first step with a sum that is not
// finite. Layout: a block takes an aligned run of a batch's partial sums, tile by tile; 8 or 32 threads a row for scores, a thread for each
// (partial, 1 or 4 columns, feature) for gradients; then the exchange. Grid team: cooperative, a power of two of blocks.
// Reads+Writes: record_floats * 4 bytes a row, once; a step also writes sums * 4 bytes of exchange in each block and reads, replica: as
// much
//   of every block; sliced: a slice of every block and all parameters (L2).
// Order of sums: SumShape's, whatever blocks, threads and tile are.
// Presumes: every value it reads is there when it starts (its stream), tile sizes are powers of two, layout.bytes of dynamic shared memory.
template <Exchange Kind>
__global__ void __launch_bounds__(tuning::segment_threads, 1) segment_linear_kernel(const __grid_constant__ SegmentLinearParams params) {
    using Finish = std::conditional_t<Kind == Exchange::replica, ReplicaExchange, SlicedExchange>;
    SegmentStorage& storage = shared_storage<SegmentStorage>();
    const SegmentBlock<Kind> block(params, storage);
    if (block.thread() == 0) {
        storage.frozen_member = block.members;
        storage.one = 1.0f;
    }
    Finish exchange(block);
    RecordPipeline pipeline(params, block.bytes(), block.rank, block.first_member);
    BatchCursor now;
    now.batch = params.first_batch;
    for (; now.step < params.steps; now.advance(params.steps_per_epoch)) {
        const BlockBatch part = BlockBatch::of(params, now.batch, block.rank);
        add_batch(block, pipeline, part, now.step);
        if (!exchange.finish_step(part, pipeline.rates(now.step), now.step)) break;
        if (part.groups > 0) pipeline.look_ahead();
    }
    exchange.store(now.step);
}

}  // namespace glissade::kernels
