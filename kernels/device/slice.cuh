// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/gradient.cuh"
#include "kernels/device/publish.cuh"
#include "kernels/device/tree_sum.cuh"

namespace glissade::kernels {

/// What a block owns where each has a part of the sums: a run of them, and the parameters and state that belong to them. Parameters are in
/// parameters_out, state is in state_out if it is not in shared memory.
template <class Block>
class Slice {
public:
    /// Of parameter e in vector k: values[k * stride + e - begin].
    struct State {
        float* values;
        int stride, begin;
    };

    int size, begin, end;
    int end_parameter;  ///< behind it only losses

    __device__ __forceinline__ explicit Slice(const Block& block)
        : size(static_cast<int>(block.p.launch.slice(block.p.shape))), b_(block), sums_(block.sums()) {
        begin = Blocks::rank() * size < b_.sum_count ? Blocks::rank() * size : b_.sum_count;
        end = begin + size < b_.sum_count ? begin + size : b_.sum_count;
        end_parameter = end < b_.parameters ? end : b_.parameters;
    }

    /// Whether totals of such numbers are finite, whatever their signs.
    static __device__ __forceinline__ bool surely_finite(float sum) { return rules::magnitude(sum) <= 0x1p118f; }
    static_assert(tuning::max_blocks <= 512, "the sum of 2^9 numbers up to 2^118 stays below 2^128, its roundings included");

    __device__ __forceinline__ State state() const {
        if (b_.p.launch.places.state) return {b_.at(b_.p.layout.state), size, begin};
        return {b_.p.state_out, b_.parameters, 0};
    }

    /// All slices' parameters, if the block keeps a copy of them.
    __device__ __forceinline__ void gather() const {
        if (!b_.p.launch.places.parameters) return;
        float* theta = b_.at(b_.p.layout.parameters);
#pragma unroll 4
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) theta[e] = __ldcg(b_.p.parameters_out + e);
    }

    /// Writes the block's sums, or its part of its cluster's, to `exchange`; returns from how many sources they come. `large_out` becomes
    /// true if a total of them may not be finite.
    __device__ __forceinline__ int publish_sums(int cluster, int active_blocks, bool& large_out) const {
        return publish(b_, sums_, cluster, active_blocks, [this, &large_out](int e, int, int source, float sum) {
            __stcg(b_.p.exchange + static_cast<std::int64_t>(source) * b_.sum_count + e, sum);
            large_out = large_out || !surely_finite(sum);
        });
    }

    /// Adds up the sources' sums of elements [first, last): take(element, total). Lanes with neighbouring elements read neighbouring
    /// values; the more lanes than elements there are, the more of them share the sources of one.
    template <class Take>
    __device__ __forceinline__ void add_sources(int first, int last, int sources, const Take& take) const {
        constexpr int most_values = 32;
        int sharers = sources > most_values ? sources / most_values : 1;
        while (sharers < sources && sharers < tuning::warp && 2 * sharers * size <= b_.threads()) sharers *= 2;
        const int values = sources / sharers, at_once = tuning::warp / sharers;
        const int part = b_.lane() / at_once;
        for (int base = first + b_.warp() * at_once; base < last; base += b_.warps() * at_once) {
            const int e = base + b_.lane() % at_once;
            const std::int64_t at = static_cast<std::int64_t>(part) * values * b_.sum_count + e;
            const float sum = e < last ? fresh_strided_sum(b_.p.exchange + at, b_.sum_count, values) : 0.0f;
            const float total = lane_tree_sum(sum, sharers, at_once);
            if (part == 0 && e < last) take(e, total);
        }
    }

    /// Keeps the batch's sum of an element of the slice, and its loss for the report.
    __device__ __forceinline__ void keep(int e, float total, std::int64_t step) const {
        sums_[e] = total;
        if (e >= b_.parameters) b_.p.loss_sums[step * b_.members + (e - b_.parameters)] = total;
    }

    /// The rule, on the slice's parameters. `gradients`: [parameters]; `clip`: a factor a member, or null.
    __device__ __forceinline__ void update(const float* rates, const float* gradients, const float* clip) const {
        const State own = state();
        const UpdateTask task{rates,         gradients,    b_.p.parameters_out, own.values, clip, begin + b_.thread(),
                              end_parameter, b_.threads(), own.stride,          own.begin};
        visit_update(b_.p.rule, b_.p.variant, UpdateParameters{b_.p, task});
    }

    /// The factors by which the norm clips the members that the slice meets, from everybody's gradients.
    __device__ __forceinline__ void find_clip_factors() const {
        if (begin >= end_parameter) return;
        kernels::find_clip_factors(b_, b_.p.gradients, b_.member_of_sum(begin), b_.member_of_sum(end_parameter - 1) + 1);
        __syncthreads();
    }

private:
    const Block& b_;
    float* sums_;
};

}  // namespace glissade::kernels
