// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "kernels/launch_sparse.hpp"

namespace glissade::kernels {

/// Slopes in place of the scores, and the losses, of one row for all members. The switch over losses lands here.
struct EvaluateSparseRow {
    const SparseStepParams& p;
    std::int64_t row;  ///< of the data
    float* scores;     ///< [models]
    float* losses;     ///< [members]

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        const int outputs = static_cast<int>(p.shape.outputs);
        const float* targets = p.targets + row * p.shape.target_count;
        for (std::int64_t m = 0; m < p.shape.members; ++m) {
            float* z = scores + m * outputs;
            float loss;
            if constexpr (Rule::kind == LossKind::grouped)
                loss = group_loss<Rule>(z, outputs, targets[0]);
            else
                loss = row_loss<Rule>(z, outputs, targets);
            if (p.shape.weight_sets > 0) {
                const float weight = p.weights[row * p.shape.weight_sets + (p.member_sets ? p.member_sets[m] : 0)];
                loss = loss * weight;
                for (int o = 0; o < outputs; ++o) z[o] = z[o] * weight;
            }
            losses[m] = loss;
        }
    }

private:
    template <class Rule>
    GLISSADE_RULE float row_loss(float* z, int outputs, const float* targets) const {
        float loss = 0;
        for (int o = 0; o < outputs; ++o) {
            float slope, target = targets[0];
            if constexpr (Rule::kind == LossKind::binary) {
                target = one_vs_rest(target, o, outputs);
                if (p.label_smoothing > 0.0f) target = rules::fused(1.0f - p.label_smoothing, target, .5f * p.label_smoothing);
            } else {
                target = targets[o];
            }
            const float one = Rule::evaluate(z[o], target, p.loss_constants, slope);
            loss = o == 0 ? one : loss + one;  // not 0 + one, which loses the sign of a zero
            z[o] = slope;
        }
        return loss;
    }
    /// With smoothing the score of the true class is a mean of it and of all scores, and slopes move towards those of even targets.
    template <class Rule>
    GLISSADE_RULE float group_loss(float* z, int outputs, float target) const {
        if (!(p.label_smoothing > 0.0f)) return Rule::evaluate_group(z, outputs, 1, target, p.loss_constants, z);
        const float even = p.label_smoothing / static_cast<float>(outputs);
        float top = z[0], sum = 0, powers = 0;
        for (int o = 0; o < outputs; ++o) sum = sum + z[o];
        for (int o = 1; o < outputs; ++o) top = rules::larger(z[o], top);
        const float true_score = rules::fused(1.0f - p.label_smoothing, z[static_cast<int>(target)], even * sum);
        for (int o = 0; o < outputs; ++o) {
            z[o] = Rule::power_of(z[o], top);
            powers = powers + z[o];
        }
        for (int o = 0; o < outputs; ++o) {
            const bool is_true = target == static_cast<float>(o);
            z[o] = Rule::slope_of(z[o], powers, is_true) + ((is_true ? p.label_smoothing : 0.0f) - even);
        }
        return Rule::loss_of(powers, top, true_score);
    }
};

}  // namespace glissade::kernels
