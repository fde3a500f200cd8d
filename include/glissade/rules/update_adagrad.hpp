// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Adagrad (Duchi, Hazan and Singer 2011), PyTorch's form: lr_t = lr/(1+(t-1)*lr_decay); s += g^2; theta -= lr_t*g/(sqrt(s)+eps).
struct Adagrad {
    double lr = 1e-2;
    double lr_decay = 0;
    double initial_accumulator_value = 0;
    double eps = 1e-10;
    double weight_decay = 0;
    bool eps_in_root = false;

    static constexpr std::string_view name = "adagrad";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Adagrad>;
        return std::array{F::above("lr", &Adagrad::lr, 0, "learning rate"),
                          F::at_least("lr_decay", &Adagrad::lr_decay, 0, "decay of the rate a step"),
                          F::at_least("initial_accumulator_value", &Adagrad::initial_accumulator_value, 0, "start of the sum of squares"),
                          F::at_least("eps", &Adagrad::eps, 0, "added to the root"),
                          F::at_least("weight_decay", &Adagrad::weight_decay, 0, "L2 added to the gradient of the weights"),
                          F::boolean("eps_in_root", &Adagrad::eps_in_root, "eps joins what the root is taken of")};
    }
    static constexpr std::array<std::string_view, 1> state_names(int) { return {"sum"}; }
    static constexpr int state_count(int) { return 1; }
    static constexpr Idle idle(int) { return Idle::rests; }
    int variant() const { return 0; }
    double initial_state(int) const { return initial_accumulator_value; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        k[0] = step.lr / (1.0 + static_cast<double>(step.t - 1) * lr_decay);
        k[1] = eps_in_root ? 0.0 : eps;
        k[2] = eps_in_root ? eps : 0.0;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        s[0] = fused(g, g, s[0]);
        theta = fused(-k[0], g / (root(s[0] + k[2]) + k[1]), theta);
    }
};

}  // namespace glissade
