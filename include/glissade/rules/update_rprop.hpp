// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Rprop (Riedmiller and Braun 1993), PyTorch's form: each parameter has a step of its own, which grows while its gradient keeps its sign
/// and shrinks where it turns; that turn itself is not followed: d = step*eta_plus where g*prev > 0, step*eta_minus and g = 0 where
/// g*prev < 0; step = d within [step_min, step_max]; theta -= sign(g)*step; prev = g. Only signs count, so it needs whole gradients.
struct Rprop {
    double lr = 1e-2;
    double eta_minus = .5;
    double eta_plus = 1.2;
    double step_min = 1e-6;
    double step_max = 50;
    double weight_decay = 0;

    static constexpr std::string_view name = "rprop";
    static constexpr bool decoupled_decay = false;
    static constexpr bool full_batch_only = true;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Rprop>;
        return std::array{F::above("lr", &Rprop::lr, 0, "first step of every parameter"),
                          F::between("eta_minus", &Rprop::eta_minus, 0, 1, "factor of a step whose gradient turned"),
                          F::above("eta_plus", &Rprop::eta_plus, 1, "factor of a step whose gradient kept its sign"),
                          F::at_least("step_min", &Rprop::step_min, 0, "smallest step"),
                          F::above("step_max", &Rprop::step_max, 0, "largest step"),
                          F::at_least("weight_decay", &Rprop::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"prev", "step_size"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int state) const { return state == 0 ? 0 : lr; }
    std::string_view contradiction() const { return step_min > step_max ? "step_min is above step_max" : ""; }

    void prepare(const StepInfo&, double*, double* k) const {
        k[0] = eta_minus;
        k[1] = eta_plus;
        k[2] = step_min;
        k[3] = step_max;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        const Real agreement = g * s[0], shorter = k[0], longer = k[1];
        const Real factor = agreement > Real(0) ? longer : (agreement < Real(0) ? shorter : Real(1));
        s[1] = smaller(larger(s[1] * factor, k[2]), k[3]);
        s[0] = agreement < Real(0) ? Real(0) : g;
        theta = theta - (s[0] > Real(0) ? s[1] : (s[0] < Real(0) ? -s[1] : Real(0)));
    }
};

}  // namespace glissade
