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
    static constexpr std::array<Field<Softmax>, 0> fields() { return {}; }
    void prepare(double*) const {}

    /// `scores` and `slopes` hold `count` values `step` elements apart and may be the same memory; `target` is the index of the true class.
    template <class Real>
    static GLISSADE_RULE Real evaluate_group(const Real* scores, int count, int step, Real target, const Real*, Real* slopes) {
        const int true_class = static_cast<int>(target);
        Real top = scores[0];
        for (int i = 1; i < count; ++i) top = rules::larger(scores[i * step], top);
        const Real true_score = scores[true_class * step];
        Real sum = Real(0);
        for (int i = 0; i < count; ++i) {
            const Real e = rules::exp(scores[i * step] - top);
            slopes[i * step] = e;
            sum = sum + e;
        }
        for (int i = 0; i < count; ++i) slopes[i * step] = slopes[i * step] / sum - (i == true_class ? Real(1) : Real(0));
        return rules::log(sum) + (top - true_score);
    }
};

}  // namespace glissade
