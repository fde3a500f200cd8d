// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/segment_loop.cuh"
#include "kernels/device/slice.cuh"
#include "kernels/launch_step.hpp"
#include "kernels/segment_linear.cuh"

namespace glissade::kernels {

using StepBlock = SegmentBlock<Exchange::sliced>;

// Does: writes where a leg begins and clears what its blocks tell each other.
// Layout: one thread.
// Reads+Writes: a few words.
// Order of sums: none.
// Presumes: nothing.
static __global__ void __launch_bounds__(tuning::warp) step_begin_kernel(const __grid_constant__ StepBeginParams params) {
    if (threadIdx.x > 0) return;
    *params.leg = params.value;
    *params.signals = {{0, 0}, params.members};
}

// Does: each block's sums of its rows of the next batch, for the launch behind it; nothing once a step froze.
// Layout: that of segment_linear for one step.
// Reads+Writes: record_floats * 4 bytes a row; a block all parameters and sums * 4 bytes of exchange (L2).
// Order of sums: SumShape's.
// Presumes: nothing else runs; layout.bytes of dynamic shared memory.
static __global__ void __launch_bounds__(tuning::segment_threads, 1) step_sums_kernel(const __grid_constant__ StepLinearParams params) {
    auto& storage = shared_storage<SegmentStorage>();
    const StepBlock block(params.linear, storage);
    const LinearLeg::Place place = params.leg->next;
    if (block.rank == 0 && block.thread() == 0) params.leg->now = place;
    const BlockBatch part = BlockBatch::of(params.linear, place.batch, block.rank);
    if (place.frozen || part.groups == 0) return;
    if (block.thread() == 0) storage.one = 1.0f;
    RecordPipeline pipeline(params.linear, block.bytes(), block.rank, block.first_member, place, place.step + 1);
    const Slice<StepBlock> slice(block);
    slice.gather();
    add_batch(block, pipeline, part, place.step, [&](const TileOfBatch& tile) { AddLinearTile{}(block, pipeline, tile); });
    bool large = false;
    slice.publish_sums(1, part.division.active_blocks, large);
    if (large) atomicOr(params.linear.signals->doubtful + (place.step & 1), 1);
}

// Does: adds up all blocks' sums; leaves the gradient of the mean loss in `gradients`, and says if a sum is not finite.
// Layout: a slice a block; as many lanes as fit share the sources of an element.
// Reads+Writes: sums * 4 bytes of each source; parameters * 4.
// Order of sums: SumShape's.
// Presumes: step_sums before it.
static __global__ void __launch_bounds__(tuning::segment_threads, 1)
    step_gradients_kernel(const __grid_constant__ StepLinearParams params) {
    const StepBlock block(params.linear, shared_storage<SegmentStorage>());
    const LinearLeg::Place place = params.leg->now;
    if (place.frozen) return;
    const BatchDivision division = BlockBatch::of(params.linear, place.batch, block.rank).division;
    const Slice<StepBlock> slice(block);
    slice.add_sources(slice.begin, slice.end, division.active_blocks, [&](int e, float total) {
        slice.keep(e, total, place.step);
        if (!rules::is_finite(total)) atomicMin(&params.linear.signals->frozen_member, block.member_of_sum(e));
    });
    __syncthreads();
    mean_gradients(block, slice.begin, slice.end_parameter, static_cast<float>(division.rows));
    for (int e = slice.begin + block.thread(); e < slice.end_parameter; e += block.threads()) params.linear.gradients[e] = block.sums()[e];
}

/// The first member with a sum that is not finite; `members` if there is none. Every block of a step finds the same. Without a launch
/// between sums and update each looks at all totals itself, in the rare step in which a block has said that one may not be finite.
__device__ __forceinline__ int frozen_member(const StepLinearParams& params, const StepBlock& block, const Slice<StepBlock>& slice,
                                             const BatchDivision& division, std::int64_t step) {
    const SegmentSignals& signals = *params.linear.signals;
    if (params.linear.clip_norm > 0.0f) return signals.frozen_member;
    if (signals.doubtful[step & 1] == 0) return block.members;
    if (block.thread() == 0) block.storage.frozen_member = block.members;
    __syncthreads();
    slice.add_sources(0, block.sum_count, division.active_blocks, [&block](int e, float total) {
        if (!rules::is_finite(total)) atomicMin(&block.storage.frozen_member, block.member_of_sum(e));
    });
    __syncthreads();
    return block.storage.frozen_member;
}

// Does: turns all blocks' sums, or with a limit on the norm the gradients, into new parameters; counts the step, or freezes before it.
// Layout: a slice a block; a thread a parameter at a time.
// Reads+Writes: without gradients sums * 4 bytes of each source; parameters with their state.
// Order of sums: SumShape's.
// Presumes: step_sums before it, with a limit on the norm step_gradients.
static __global__ void __launch_bounds__(tuning::segment_threads, 1) step_update_kernel(const __grid_constant__ StepLinearParams params) {
    const SegmentLinearParams& p = params.linear;
    const StepBlock block(p, shared_storage<SegmentStorage>());
    const LinearLeg::Place place = params.leg->now;
    if (place.frozen) return;
    const BatchDivision division = BlockBatch::of(p, place.batch, block.rank).division;
    const Slice<StepBlock> slice(block);
    const int frozen = frozen_member(params, block, slice, division, place.step);
    if (block.rank == 0 && block.thread() == 0) {
        LinearLeg::Place next = place;
        next.frozen = frozen < block.members;
        if (!next.frozen) next.advance(p.steps_per_epoch);
        params.leg->next = next;
        *p.outcome = {next.step, next.frozen ? frozen : -1};
        // Read before this launch, and next written by the sums behind it.
        p.signals->doubtful[(place.step + 1) & 1] = 0;
    }
    if (frozen < block.members) return;
    const float* rates = p.scalars + place.step * p.all_members * rules::scalars_a_member;
    if (p.clip_norm > 0.0f) {
        slice.find_clip_factors();
        slice.update(rates, p.gradients, block.clip());
        return;
    }
    slice.add_sources(slice.begin, slice.end, division.active_blocks, [&](int e, float total) { slice.keep(e, total, place.step); });
    __syncthreads();
    mean_gradients(block, slice.begin, slice.end_parameter, static_cast<float>(division.rows));
    slice.update(rates, block.sums(), nullptr);
}

}  // namespace glissade::kernels
