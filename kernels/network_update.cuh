// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/update.hpp"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// Some parameters of one member that share a row of scalars, and where the switch over update rules and their variants lands.
struct UpdateNetworkPiece {
    const NetworkUpdateParams& p;
    std::int64_t begin, end;  ///< of the member's parameters
    const float* sums;        ///< of the member
    std::int64_t member_at;   ///< the member's first parameter among all
    const float* scalars;
    float clip;

    template <class Rule, int Variant>
    GLISSADE_RULE void operator()() const {
        constexpr int vectors = Rule::state_count(Variant);
        const float rows = static_cast<float>(p.shape.rows), limit = p.clip_value;
        float row[rules::ScalarRow::size];
#pragma unroll
        for (int k = 0; k < rules::ScalarRow::size; ++k) row[k] = scalars[k];
        for (std::int64_t e = begin + threadIdx.x; e < end; e += tuning::row_threads) {
            float g = mean_within(sums[e], rows, limit);
            if (p.clip) g = g * clip;
            const std::int64_t at = member_at + e;
            float theta = p.parameters[at];
            float s[max_rule_state];
#pragma unroll
            for (int k = 0; k < vectors; ++k) s[k] = p.state[k * p.state_stride + at];
            const float old_average = p.averaging ? p.state[vectors * p.state_stride + at] : 0.0f;
            rules::update_parameter<Rule, Variant, false>(row, g, theta, s);
            p.parameters[at] = theta;
            if (p.averaging) p.state[vectors * p.state_stride + at] = rules::running_average(row, theta, old_average);
#pragma unroll
            for (int k = 0; k < vectors; ++k) p.state[k * p.state_stride + at] = s[k];
        }
    }
};

// Does: the mean gradient, clipped, and the update rule on all parameters and state of all members, averages too.
// Layout: a block a piece of one member's parameters, striding over all pieces with the whole grid; a thread every 256th parameter.
// Reads+Writes: (12 + 8 * state vectors) bytes a parameter: 28 of Adam.
// Order of sums: none.
// Presumes: decide has passed; the step that it is of is the one before leg.step.
static __global__ void __launch_bounds__(tuning::row_threads, 1) network_update_kernel(const __grid_constant__ NetworkUpdateParams params) {
    const NetworkLeg& leg = *params.leg;
    if (leg.frozen) return;
    const std::int64_t members = params.shape.members, parameters = params.shape.parameters, pieces = network_pieces(parameters);
    const float* of_step = leg.scalars + (leg.step - 1) * members * rules::scalars_a_member;
    for (std::int64_t piece = blockIdx.x; piece < members * pieces; piece += gridDim.x) {
        const std::int64_t m = piece / pieces, first = (piece - m * pieces) * network_piece;
        const std::int64_t last = first + network_piece < parameters ? first + network_piece : parameters;
        const float* scalars = of_step + m * rules::scalars_a_member;
        const float clip = params.clip ? params.clip[m] : 1.0f;
        std::int64_t begin = 0;
        for (std::int64_t range = 0; range < params.ranges && begin < last; ++range) {
            const std::int64_t end = params.range_ends[range], from = begin < first ? first : begin, to = end < last ? end : last;
            if (from < to)
                visit_update(params.rule, params.variant,
                             UpdateNetworkPiece{params, from, to, params.sums + m * params.shape.sum_stride, m * parameters,
                                                scalars + (range % 2) * rules::ScalarRow::size, clip});
            begin = end;
        }
    }
}

}  // namespace glissade::kernels
