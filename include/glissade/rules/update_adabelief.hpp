// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/update_adam.hpp"

namespace glissade {

/// AdaBelief (Zhuang et al. 2020): s = b2*s + (1-b2)*(g-m)^2 + eps in place of Adam's squares, the rest as Adam.
struct AdaBelief {
    double lr = 1e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-16;
    double weight_decay = 0;

    static constexpr std::string_view name = "adabelief";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<AdaBelief>;
        return std::array{F::above("lr", &AdaBelief::lr, 0, "learning rate"),
                          F::rate("beta1", &AdaBelief::beta1, "decay of the average of gradients"),
                          F::rate("beta2", &AdaBelief::beta2, "decay of the average of squared surprise"),
                          F::at_least("eps", &AdaBelief::eps, 0, "added to the squared surprise of each step and to the root"),
                          F::at_least("weight_decay", &AdaBelief::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_avg_var"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const { rules::prepare_adam(step, beta1, beta2, eps, k); }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        s[0] = fused(k[0], s[0], k[1] * g);
        const Real surprise = g - s[0];
        s[1] = fused(k[2], s[1], k[3] * (surprise * surprise)) + k[6];
        theta = fused(-k[4], s[0] / fused(root(s[1]), k[5], k[6]), theta);
    }
};

}  // namespace glissade
