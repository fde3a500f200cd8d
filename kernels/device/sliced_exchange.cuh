// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/slice.cuh"

namespace glissade::kernels {

/// The end of a step where every block owns a slice of the sums, and of the parameters and state that belong to them: it adds up all
/// blocks' sums of its slice (first barrier), updates it in device memory, and everybody reads what came of all slices (second barrier).
template <class Block>
class SlicedExchange {
public:
    __device__ __forceinline__ explicit SlicedExchange(const Block& block) : b_(block), sums_(block.sums()), slice_(block) {
        load_slice();
        if (Blocks::rank() == 0 && b_.thread() == 0) *b_.p.signals = {{0, 0}, b_.members};
        sync();
        slice_.gather();
    }

    /// Turns the blocks' sums into new parameters; false, and nothing has changed, if the batch's were not finite.
    __device__ __forceinline__ bool finish_step(const BlockBatch& part, const float* rates, std::int64_t step) {
        bool doubtful;
        const int sources = give(part.division.active_blocks, step, doubtful);
        const bool clips = b_.p.clip_norm > 0.0f;
        collect(sources, step);
        __syncthreads();
        mean_gradients(b_, slice_.begin, slice_.end_parameter, static_cast<float>(part.division.rows));
        if (clips)
            for (int e = slice_.begin + b_.thread(); e < slice_.end_parameter; e += b_.threads()) __stcg(b_.p.gradients + e, sums_[e]);
        if (doubtful || clips) {
            sync();
            if (__ldcg(&b_.p.signals->frozen_member) < b_.members) return false;
        }
        if (clips) slice_.find_clip_factors();
        slice_.update(rates, sums_, clips ? b_.clip() : nullptr);
        sync();
        slice_.gather();
        return true;
    }

    __device__ __forceinline__ void store(std::int64_t steps_done) const {
        const auto state = slice_.state();
        const int vectors = static_cast<int>(b_.p.shape.state_vectors);
        if (b_.p.launch.places.state)
            for (int k = 0; k < vectors; ++k)
                for (int e = slice_.begin + b_.thread(); e < slice_.end_parameter; e += b_.threads())
                    b_.p.state_out[k * b_.parameters + e] = state.values[k * state.stride + e - state.begin];
        if (Blocks::rank() != 0 || b_.thread() != 0) return;
        const int frozen = __ldcg(&b_.p.signals->frozen_member);
        *b_.p.outcome = {steps_done, frozen < b_.members ? frozen : -1};
    }

private:
    /// Whether blocks fetch the sums of their slice out of each other's shared memory. What a block writes there is of its own slice, which
    /// no other reads.
    __device__ __forceinline__ bool reads_neighbours() const { return b_.p.launch.team == Team::cluster && b_.p.launch.places.sums; }
    __device__ __forceinline__ void sync() const { Blocks::sync(b_.p.launch.team); }

    /// From here on parameters_out holds the parameters, and state_out the state if that is not in shared memory.
    __device__ __forceinline__ void load_slice() const {
        const auto state = slice_.state();
        const int vectors = static_cast<int>(b_.p.shape.state_vectors);
        for (int e = slice_.begin + b_.thread(); e < slice_.end_parameter; e += b_.threads()) {
            b_.p.parameters_out[e] = b_.p.parameters_in[e];
            for (int k = 0; k < vectors; ++k) state.values[k * state.stride + e - state.begin] = b_.p.state_in[k * b_.parameters + e];
        }
    }

    /// Gives the block's sums to all. Returns from how many sources they come.
    __device__ __forceinline__ int give(int active_blocks, std::int64_t step, bool& doubtful_out) const {
        doubtful_out = true;
        if (b_.p.launch.team == Team::block) return 1;
        bool large = false;
        int sources = active_blocks;
        if (reads_neighbours()) {
            if (Blocks::rank() < active_blocks)
                for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) large = large || !slice_.surely_finite(sums_[e]);
        } else {
            sources = slice_.publish_sums(b_.p.launch.team == Team::grid ? b_.p.launch.cluster : 1, active_blocks, large);
        }
        int* doubtful = b_.p.signals->doubtful;
        if (large) atomicOr(doubtful + (step & 1), 1);
        sync();
        doubtful_out = __ldcg(doubtful + (step & 1)) != 0;
        // The other one was read before the last barrier of the step before, and is next written after the last one of this step.
        if (Blocks::rank() == 0 && b_.thread() == 0) __stcg(doubtful + ((step + 1) & 1), 0);
        return sources;
    }

    /// Adds up the sources' sums of the slice.
    __device__ __forceinline__ void collect(int sources, std::int64_t step) const {
        const auto take = [this, step](int e, float total) {
            slice_.keep(e, total, step);
            if (!rules::is_finite(total)) atomicMin(&b_.p.signals->frozen_member, b_.member_of_sum(e));
        };
        if (b_.p.launch.team == Team::block)
            for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) take(e, sums_[e]);
        else if (reads_neighbours())
            for (int e = slice_.begin + b_.thread(); e < slice_.end; e += b_.threads()) take(e, cluster_tree_sum(sums_, e, sources));
        else
            slice_.add_sources(slice_.begin, slice_.end, sources, take);
    }

    const Block& b_;
    float* sums_;
    Slice<Block> slice_;
};

}  // namespace glissade::kernels
