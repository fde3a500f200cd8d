// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/gradient.cuh"
#include "kernels/device/publish.cuh"
#include "kernels/device/tree_sum.cuh"

namespace glissade::kernels {

/// The end of a step where every block owns a slice of the sums, and of the parameters and state that belong to them: it adds up all
/// blocks' sums of its slice (first barrier), updates it in device memory, and everybody reads what came of all slices (second barrier).
template <class Block>
class SlicedExchange {
public:
    __device__ __forceinline__ explicit SlicedExchange(const Block& block)
        : b_(block), sums_(block.sums()), slice_(static_cast<int>(block.p.launch.slice(block.p.shape))) {
        begin_ = Blocks::rank() * slice_ < b_.sum_count ? Blocks::rank() * slice_ : b_.sum_count;
        end_ = begin_ + slice_ < b_.sum_count ? begin_ + slice_ : b_.sum_count;
        end_parameter_ = end_ < b_.parameters ? end_ : b_.parameters;
        load_slice();
        if (Blocks::rank() == 0 && b_.thread() == 0) *b_.p.signals = {{0, 0}, b_.members};
        sync();
        gather();
    }

    /// Turns the blocks' sums into new parameters; false, and nothing has changed, if the batch's were not finite.
    __device__ __forceinline__ bool finish_step(const BlockBatch& part, const float* rates, std::int64_t step) {
        bool doubtful;
        const int sources = give(part.division.active_blocks, step, doubtful);
        const bool clips = b_.p.clip_norm > 0.0f;
        collect(sources, step);
        __syncthreads();
        mean_gradients(b_, begin_, end_parameter_, static_cast<float>(part.division.rows));
        if (clips)
            for (int e = begin_ + b_.thread(); e < end_parameter_; e += b_.threads()) __stcg(b_.p.gradients + e, sums_[e]);
        if (doubtful || clips) {
            sync();
            if (__ldcg(&b_.p.signals->frozen_member) < b_.members) return false;
        }
        if (clips && begin_ < end_parameter_) {
            find_clip_factors(b_, b_.p.gradients, b_.member_of_sum(begin_), b_.member_of_sum(end_parameter_ - 1) + 1);
            __syncthreads();
        }
        const State state = own_state();
        const UpdateTask task{
            rates,          sums_,        b_.p.parameters_out, state.values, clips ? b_.clip() : nullptr, begin_ + b_.thread(),
            end_parameter_, b_.threads(), state.stride,        state.begin};
        visit_update(b_.p.rule, b_.p.variant, UpdateParameters{b_.p, task});
        sync();
        gather();
        return true;
    }

    __device__ __forceinline__ void store(std::int64_t steps_done) const {
        const State state = own_state();
        const int vectors = static_cast<int>(b_.p.shape.state_vectors);
        if (b_.p.launch.places.state)
            for (int k = 0; k < vectors; ++k)
                for (int e = begin_ + b_.thread(); e < end_parameter_; e += b_.threads())
                    b_.p.state_out[k * b_.parameters + e] = state.values[k * state.stride + e - state.begin];
        if (Blocks::rank() != 0 || b_.thread() != 0) return;
        const int frozen = __ldcg(&b_.p.signals->frozen_member);
        *b_.p.outcome = {steps_done, frozen < b_.members ? frozen : -1};
    }

private:
    /// Of parameter e in vector k: values[k * stride + e - begin].
    struct State {
        float* values;
        int stride, begin;
    };
    /// Whether totals of such numbers are finite, whatever their signs.
    static __device__ __forceinline__ bool surely_finite(float sum) { return rules::magnitude(sum) <= 0x1p118f; }
    static_assert(tuning::max_blocks <= 512, "the sum of 2^9 numbers up to 2^118 stays below 2^128, its roundings included");

    __device__ __forceinline__ State own_state() const {
        if (b_.p.launch.places.state) return {b_.at(b_.p.layout.state), slice_, begin_};
        return {b_.p.state_out, b_.parameters, 0};
    }
    /// Whether blocks fetch the sums of their slice out of each other's shared memory. What a block writes there is of its own slice, which
    /// no other reads.
    __device__ __forceinline__ bool reads_neighbours() const { return b_.p.launch.team == Team::cluster && b_.p.launch.places.sums; }
    __device__ __forceinline__ void sync() const { Blocks::sync(b_.p.launch.team); }

    /// From here on parameters_out holds the parameters, and state_out the state if that is not in shared memory.
    __device__ __forceinline__ void load_slice() const {
        const State state = own_state();
        const int vectors = static_cast<int>(b_.p.shape.state_vectors);
        for (int e = begin_ + b_.thread(); e < end_parameter_; e += b_.threads()) {
            b_.p.parameters_out[e] = b_.p.parameters_in[e];
            for (int k = 0; k < vectors; ++k) state.values[k * state.stride + e - state.begin] = b_.p.state_in[k * b_.parameters + e];
        }
    }
    /// All slices' parameters, if the block keeps a copy of them.
    __device__ __forceinline__ void gather() const {
        if (!b_.p.launch.places.parameters) return;
        float* theta = b_.at(b_.p.layout.parameters);
#pragma unroll 4
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) theta[e] = __ldcg(b_.p.parameters_out + e);
    }

    /// Gives the block's sums to all. Returns from how many sources they come.
    __device__ __forceinline__ int give(int active_blocks, std::int64_t step, bool& doubtful_out) const {
        doubtful_out = true;
        if (b_.p.launch.team == Team::block) return 1;
        bool large = false;
        int sources = active_blocks;
        if (reads_neighbours()) {
            if (Blocks::rank() < active_blocks)
                for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) large = large || !surely_finite(sums_[e]);
        } else {
            const int cluster = b_.p.launch.team == Team::grid ? b_.p.launch.cluster : 1;
            sources = publish(b_, sums_, cluster, active_blocks, [this, &large](int e, int, int source, float sum) {
                __stcg(b_.p.exchange + static_cast<std::int64_t>(source) * b_.sum_count + e, sum);
                large = large || !surely_finite(sum);
            });
        }
        int* doubtful = b_.p.signals->doubtful;
        if (large) atomicOr(doubtful + (step & 1), 1);
        sync();
        doubtful_out = __ldcg(doubtful + (step & 1)) != 0;
        // The other one was read before the last barrier of the step before, and is next written after the last one of this step.
        if (Blocks::rank() == 0 && b_.thread() == 0) __stcg(doubtful + ((step + 1) & 1), 0);
        return sources;
    }

    /// Adds up the sources' sums of the slice. Lanes with neighbouring elements read neighbouring values; the more lanes than elements
    /// there are, the more of them share the sources of one.
    __device__ __forceinline__ void collect(int sources, std::int64_t step) const {
        if (b_.p.launch.team == Team::block) {
            for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) take_total(e, sums_[e], step);
            return;
        }
        if (reads_neighbours()) {
            for (int e = begin_ + b_.thread(); e < end_; e += b_.threads()) take_total(e, cluster_tree_sum(sums_, e, sources), step);
            return;
        }
        constexpr int most_values = 32;
        int sharers = sources > most_values ? sources / most_values : 1;
        while (sharers < sources && sharers < tuning::warp && 2 * sharers * slice_ <= b_.threads()) sharers *= 2;
        const int values = sources / sharers, at_once = tuning::warp / sharers;
        const int part = b_.lane() / at_once;
        for (int base = begin_ + b_.warp() * at_once; base < end_; base += b_.warps() * at_once) {
            const int e = base + b_.lane() % at_once;
            const std::int64_t first = static_cast<std::int64_t>(part) * values * b_.sum_count + e;
            const float sum = e < end_ ? fresh_strided_sum(b_.p.exchange + first, b_.sum_count, values) : 0.0f;
            const float total = lane_tree_sum(sum, sharers, at_once);
            if (part == 0 && e < end_) take_total(e, total, step);
        }
    }
    __device__ __forceinline__ void take_total(int e, float total, std::int64_t step) const {
        sums_[e] = total;
        if (e >= b_.parameters) b_.p.loss_sums[step * b_.members + (e - b_.parameters)] = total;
        if (!rules::is_finite(total)) atomicMin(&b_.p.signals->frozen_member, b_.member_of_sum(e));
    }

    const Block& b_;
    float* sums_;
    int slice_, begin_, end_, end_parameter_;
};

}  // namespace glissade::kernels
