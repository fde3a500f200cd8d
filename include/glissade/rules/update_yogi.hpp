// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/update_adam.hpp"

namespace glissade {

/// Yogi (Zaheer et al. 2018): v += (1-b2)*sign(g^2-v)*g^2, the rest as Adam with bias correction.
struct Yogi {
    double lr = 1e-2;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-3;
    double weight_decay = 0;

    static constexpr std::string_view name = "yogi";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Yogi>;
        return std::array{
            F::above("lr", &Yogi::lr, 0, "learning rate"), F::rate("beta1", &Yogi::beta1, "decay of the average of gradients"),
            F::rate("beta2", &Yogi::beta2, "speed of the average of squares"), F::at_least("eps", &Yogi::eps, 0, "added to the root"),
            F::at_least("weight_decay", &Yogi::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_avg_sq"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const { rules::prepare_adam(step, beta1, beta2, eps, k); }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        const Real square = g * g;
        const Real sign = square > s[1] ? Real(1) : (square < s[1] ? Real(-1) : Real(0));
        s[0] = fused(k[0], s[0], k[1] * g);
        s[1] = fused(k[3] * sign, square, s[1]);
        theta = fused(-k[4], s[0] / fused(root(s[1]), k[5], k[6]), theta);
    }
};

}  // namespace glissade
