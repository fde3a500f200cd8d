// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// Cross-entropy of the softmax of the scores: log(sum_i e^z_i) - z_c, shifted by the largest score. slope_i = softmax_i - [i == c].
struct Softmax {
    static constexpr std::string_view name = "softmax";
    static constexpr std::array<std::string_view, 2> aliases = {"cross_entropy", "multinomial"};
    static constexpr LossKind kind = LossKind::grouped;
    static constexpr double max_curvature = .5;
    static constexpr std::array<Field<Softmax>, 0> fields() { return {}; }
    void prepare(double*) const {}

    // The pieces of a group's formulas, for loops that take many rows at once. `power` is e^(score - top), `sum` the sum of a row's powers
    // in class order.
    template <class Real>
    static GLISSADE_RULE Real power_of(Real score, Real top) {
        return rules::exp(score - top);
    }
    template <class Real>
    static GLISSADE_RULE Real slope_of(Real power, Real sum, bool is_true_class) {
        return power / sum - (is_true_class ? Real(1) : Real(0));
    }
    template <class Real>
    static GLISSADE_RULE Real loss_of(Real sum, Real top, Real true_score) {
        return rules::log(sum) + (top - true_score);
    }

    /// `scores` and `slopes` hold `count` values `step` elements apart and may be the same memory; `target` is the index of the true class.
    template <class Real>
    static GLISSADE_RULE Real evaluate_group(const Real* scores, int count, int step, Real target, const Real*, Real* slopes) {
        const int true_class = static_cast<int>(target);
        Real top = scores[0];
        for (int i = 1; i < count; ++i) top = rules::larger(scores[i * step], top);
        const Real true_score = scores[true_class * step];
        Real sum = Real(0);
        for (int i = 0; i < count; ++i) {
            const Real power = power_of(scores[i * step], top);
            slopes[i * step] = power;
            sum = sum + power;
        }
        for (int i = 0; i < count; ++i) slopes[i * step] = slope_of(slopes[i * step], sum, i == true_class);
        return loss_of(sum, top, true_score);
    }
};

}  // namespace glissade
