// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Adamax (Kingma and Ba 2015, section 7), PyTorch's form: u = max(b2*u, |g|+eps); theta -= lr/(1-b1^t)*m/u.
struct Adamax {
    double lr = 2e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double weight_decay = 0;

    static constexpr std::string_view name = "adamax";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Adamax>;
        return std::array{F::above("lr", &Adamax::lr, 0, "learning rate"),
                          F::rate("beta1", &Adamax::beta1, "decay of the average of gradients"),
                          F::rate("beta2", &Adamax::beta2, "decay of the largest gradient"),
                          F::above("eps", &Adamax::eps, 0, "added to the size of the gradient"),
                          F::at_least("weight_decay", &Adamax::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_inf"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        const double b1 = step.has_momentum ? step.momentum : beta1;
        k[0] = b1;
        k[1] = 1.0 - b1;
        k[2] = beta2;
        k[3] = eps;
        k[4] = step.lr / (1.0 - std::pow(b1, static_cast<double>(step.t)));
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        s[0] = fused(k[0], s[0], k[1] * g);
        s[1] = larger(k[2] * s[1], magnitude(g) + k[3]);
        theta = fused(-k[4], s[0] / s[1], theta);
    }
};

}  // namespace glissade
