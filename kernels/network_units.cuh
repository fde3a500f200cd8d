// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/random.hpp"
#include "glissade/rules/catalog.hpp"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// The units of a layer that a thread works on, and where the switch over activations lands.
struct ActivateQuads {
    const NetworkActivateParams& p;

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        const int quads = static_cast<int>(p.quads()), items = static_cast<int>(p.items());
        const int rows = static_cast<int>(p.rows), width = static_cast<int>(p.width);
        for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < items; i += static_cast<int>(gridDim.x * blockDim.x)) {
            const int row = p.by_quads.quotient(i), quad = i - row * quads, m = p.by_rows.quotient(row);
            const int count = width - 4 * quad < 4 ? width - 4 * quad : 4;
            const std::int64_t at = static_cast<std::int64_t>(row) * width + 4 * quad;
            const float* bias = p.bias ? p.bias + m * p.bias_stride + 4 * quad : nullptr;
            float factors[4] = {1.0f, 1.0f, 1.0f, 1.0f};
            if (p.leg) drop(m, static_cast<std::uint64_t>(row - m * rows) * static_cast<std::uint64_t>(quads) + quad, factors);
#pragma unroll
            for (int u = 0; u < 4; ++u)
                if (u < count) evaluate<Rule>(at + u, bias ? bias + u : nullptr, factors[u]);
        }
    }

private:
    template <class Rule>
    GLISSADE_RULE void evaluate(std::int64_t at, const float* bias, float factor) const {
        float slope;
        const float sum = bias ? p.sums[at] + *bias : p.sums[at];
        const float value = Rule::evaluate(sum, p.constants, slope);
        p.values[at] = p.leg ? value * factor : value;
        p.sums[at] = p.leg ? slope * factor : slope;
    }
    GLISSADE_RULE void drop(int member, std::uint64_t counter, float* factors) const {
        const std::uint64_t stream = dropout_stream(p.layer, p.leg->first_step + p.leg->step);
        const Philox::Block block = Philox::generate(p.seeds[member], stream, counter);
#pragma unroll
        for (int u = 0; u < 4; ++u) factors[u] = dropout_factor(block.word[u], p.threshold, p.kept);
    }
};

// Does: sums of a layer become values and slopes: bias, activation, dropout.
// Layout: a thread four neighbouring units of a row, which share a block of random numbers; strides over all members' rows.
// Reads+Writes: 4 bytes read and 8 written a unit; biases stay in the caches.
// Order of sums: none; the bits are those of host/cpu/network_loops.cpp.
// Presumes: at most 2^30 quads.
static __global__ void __launch_bounds__(tuning::row_threads)
    network_activate_kernel(const __grid_constant__ NetworkActivateParams params) {
    visit_rule(ActivationRules{}, params.activation, ActivateQuads{params});
}

// Does: slopes in a layer's values times the activation's slopes; partial sums of them over rows are the biases'.
// Layout: a thread a unit and a partial sum of rows, neighbouring threads neighbouring units.
// Reads+Writes: 8 bytes read and 4 written a unit and row; 4 more a unit and partial sum.
// Order of sums: SumShape's: row by row from 0 within a partial sum.
// Presumes: at most 2^30 pairs of unit and partial sum.
static __global__ void __launch_bounds__(tuning::row_threads) network_turn_kernel(const __grid_constant__ NetworkTurnParams params) {
    const int items = static_cast<int>(params.items()), width = static_cast<int>(params.width);
    for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < items; i += static_cast<int>(gridDim.x * blockDim.x)) {
        const int run = params.by_width.quotient(i), unit = i - run * width, m = params.by_partials.quotient(run);
        const std::int64_t v = run - m * params.sums.partials;
        const std::int64_t begin = m * params.shape.rows + params.sums.begin(v), end = m * params.shape.rows + params.sums.begin(v + 1);
        float sum = 0.0f;
        for (std::int64_t r = begin; r < end; ++r) {
            const float slope = params.slopes[r * width + unit] * params.factors[r * width + unit];
            params.slopes[r * width + unit] = slope;
            sum = sum + slope;
        }
        if (params.bias)
            params.partial_sums[v * params.shape.all_partial_sums() + m * params.shape.partial_sums + params.first_partial_sum + unit] =
                sum;
    }
}

}  // namespace glissade::kernels
