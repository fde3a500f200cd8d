// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Adadelta (Zeiler 2012): v = rho*v+(1-rho)*g^2; d = sqrt(u+eps)/sqrt(v+eps)*g; u = rho*u+(1-rho)*d^2; theta -= lr*d.
struct Adadelta {
    double lr = 1.0;
    double rho = .9;
    double eps = 1e-6;
    double weight_decay = 0;

    static constexpr std::string_view name = "adadelta";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Adadelta>;
        return std::array{F::above("lr", &Adadelta::lr, 0, "learning rate"), F::rate("rho", &Adadelta::rho, "decay of the averages"),
                          F::above("eps", &Adadelta::eps, 0, "added under the roots"),
                          F::at_least("weight_decay", &Adadelta::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"square_avg", "acc_delta"}; }
    static constexpr int state_count(int) { return 2; }
    static constexpr Idle idle(int) { return Idle::fades; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        k[0] = step.lr;
        k[1] = rho;
        k[2] = 1.0 - rho;
        k[3] = eps;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        s[0] = fused(k[1], s[0], k[2] * (g * g));
        const Real d = root(s[1] + k[3]) / root(s[0] + k[3]) * g;
        s[1] = fused(k[1], s[1], k[2] * (d * d));
        theta = fused(-k[0], d, theta);
    }
};

}  // namespace glissade
