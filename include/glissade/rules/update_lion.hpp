// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Lion (Chen et al. 2023): c = b1*m+(1-b1)*g; theta -= lr*(sign(c)+lambda*theta); m = b2*m+(1-b2)*g. Each weight moves by the rate.
struct Lion {
    double lr = 1e-4;
    double beta1 = .9;
    double beta2 = .99;
    double weight_decay = 0;

    static constexpr std::string_view name = "lion";
    static constexpr bool decoupled_decay = true;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Lion>;
        return std::array{F::above("lr", &Lion::lr, 0, "learning rate"),
                          F::rate("beta1", &Lion::beta1, "weight of the average against the gradient in the direction"),
                          F::rate("beta2", &Lion::beta2, "decay of the average of gradients"),
                          F::at_least("weight_decay", &Lion::weight_decay, 0, "decoupled decay of the weights")};
    }
    static constexpr std::array<std::string_view, 1> state_names(int) { return {"exp_avg"}; }
    static constexpr int state_count(int) { return 1; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        const double b1 = step.has_momentum ? step.momentum : beta1;
        k[0] = b1;
        k[1] = 1.0 - b1;
        k[2] = beta2;
        k[3] = 1.0 - beta2;
        k[4] = step.lr;
        k[5] = 1.0 - step.lr * weight_decay;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        const Real c = fused(k[0], s[0], k[1] * g);
        const Real sign = c > Real(0) ? Real(1) : (c < Real(0) ? Real(-1) : c);  // a NaN keeps its NaN
        s[0] = fused(k[2], s[0], k[3] * g);
        theta = fused(-k[4], sign, theta * k[5]);
    }
};

}  // namespace glissade
