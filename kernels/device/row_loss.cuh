// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"

namespace glissade::kernels {

/// A row's scores become slopes, and its loss comes out, in the order that Backend describes; label smoothing as in host/cpu/slopes.cpp.
struct RowLoss {
    const float* constants;
    float smoothing;
    int outputs, target_count;

    template <class Rule>
    GLISSADE_RULE float evaluate(float* z, const float* targets) const {
        if constexpr (Rule::kind == LossKind::grouped)
            return of_group<Rule>(z, static_cast<int>(targets[0]));
        else
            return of_outputs<Rule>(z, targets);
    }

private:
    template <class Rule>
    GLISSADE_RULE float of_outputs(float* z, const float* targets) const {
        float loss = 0;
        for (int o = 0; o < outputs; ++o) {
            float slope;
            const float one = Rule::evaluate(z[o], target<Rule>(targets, o), constants, slope);
            loss = o == 0 ? one : loss + one;  // not 0 + one, which loses the sign of a zero
            z[o] = slope;
        }
        return loss;
    }
    template <class Rule>
    GLISSADE_RULE float target(const float* targets, int o) const {
        if constexpr (Rule::kind == LossKind::binary) {
            const float label = binary_target(targets, target_count, o, outputs);
            return smoothing > 0.0f ? rules::fused(1.0f - smoothing, label, 0.5f * smoothing) : label;
        } else {
            return targets[o];
        }
    }
    template <class Rule>
    GLISSADE_RULE float of_group(float* z, int true_class) const {
        const bool smooths = smoothing > 0.0f;
        const float even = smoothing / static_cast<float>(outputs);
        float true_score = z[true_class];
        if (smooths) {
            float sum = 0.0f;
            for (int o = 0; o < outputs; ++o) sum = sum + z[o];
            true_score = rules::fused(1.0f - smoothing, true_score, even * sum);
        }
        float top = z[0], powers = 0.0f;
        for (int o = 1; o < outputs; ++o) top = rules::larger(z[o], top);
        for (int o = 0; o < outputs; ++o) {
            z[o] = Rule::power_of(z[o], top);
            powers = powers + z[o];
        }
        for (int o = 0; o < outputs; ++o) {
            const float slope = Rule::slope_of(z[o], powers, o == true_class);
            z[o] = smooths ? slope + ((o == true_class ? smoothing : 0.0f) - even) : slope;
        }
        return Rule::loss_of(powers, top, true_score);
    }
};

}  // namespace glissade::kernels
