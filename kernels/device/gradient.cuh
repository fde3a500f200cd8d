// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/dot.cuh"
#include "kernels/device/linear_rules.cuh"
#include "kernels/device/segment_block.cuh"
#include "kernels/device/step_rules.cuh"

namespace glissade::kernels {

/// Turns the sums of elements [begin, end) into the mean loss's gradient, clipped by value.
template <class Block>
__device__ __forceinline__ void mean_gradients(const Block& b, int begin, int end, float rows) {
    const float limit = b.p.clip_value;
    float* sums = b.sums();
    for (int e = begin + b.thread(); e < end; e += b.threads()) sums[e] = mean_within(sums[e], rows, limit);
}

/// The factors by which the norm clips members [begin, end), a warp a member: SumShape's dot product of all its gradients.
template <class Block>
__device__ __forceinline__ void find_clip_factors(const Block& b, const float* gradients, int begin, int end) {
    for (int m = begin + b.warp(); m < end; m += b.warps()) {
        const float* g = gradients + static_cast<std::int64_t>(m) * b.member_parameters;
        // Other blocks wrote what a sliced exchange reads.
        const auto element = [g](int i) { return Block::exchange == Exchange::sliced ? __ldcg(g + i) : g[i]; };
        const float norm = rules::root(lane_dot<tuning::warp>(b.member_parameters, b.lane(), element, element));
        if (b.lane() == 0) b.clip()[m] = norm > b.p.clip_norm ? b.p.clip_norm / (norm + 1e-6f) : 1.0f;
    }
}

}  // namespace glissade::kernels
