// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Gradient descent, with heavy-ball (Polyak 1964) or Nesterov momentum (Sutskever et al. 2013), in PyTorch's form:
/// b = g on the first step, then b = mu*b + (1-tau)*g; theta -= lr*b, or theta -= lr*(g + mu*b) with Nesterov.
struct Sgd {
    double lr = 1e-3;
    double momentum = 0;
    double dampening = 0;
    bool nesterov = false;
    double weight_decay = 0;
    bool rate_in_buffer = false;
    bool decay_to_zero = false;

    static constexpr std::string_view name = "sgd";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 2;  // 0: plain, 1: with a momentum buffer
    static constexpr auto fields() {
        using F = Field<Sgd>;
        return std::array{F::above("lr", &Sgd::lr, 0, "learning rate"),
                          F::rate("momentum", &Sgd::momentum, "momentum factor mu"),
                          F::rate("dampening", &Sgd::dampening, "dampening tau of the momentum"),
                          F::boolean("nesterov", &Sgd::nesterov, "Nesterov momentum (needs momentum > 0, dampening 0)"),
                          F::at_least("weight_decay", &Sgd::weight_decay, 0, "L2 added to the gradient of the weights"),
                          F::boolean("rate_in_buffer", &Sgd::rate_in_buffer, "the momentum is of steps, rates included, not of gradients"),
                          F::boolean("decay_to_zero", &Sgd::decay_to_zero,
                                     "no step's L2 takes weights beyond 0 by more than a rounding (needs momentum 0)")};
    }
    static constexpr std::array<std::string_view, 1> state_names(int) { return {"momentum_buffer"}; }
    static constexpr int state_count(int variant) { return variant; }
    static constexpr Idle idle(int variant) { return variant == 0 ? Idle::decays : Idle::moves; }
    int variant() const { return momentum > 0 ? 1 : 0; }
    double initial_state(int) const { return 0; }
    /// Empty, or why the settings contradict each other.
    std::string_view contradiction() const {
        if (nesterov && (momentum <= 0 || dampening != 0)) return "nesterov needs momentum > 0 and dampening 0";
        return decay_to_zero && momentum > 0 ? "decay_to_zero needs momentum 0" : "";
    }

    void prepare(const StepInfo& step, double*, double* k) const {
        const bool inside = rate_in_buffer && momentum > 0;
        k[0] = inside ? 1.0 : step.lr;
        k[1] = step.has_momentum ? step.momentum : momentum;
        k[2] = (step.t == 1 ? 1.0 : 1.0 - dampening) * (inside ? step.lr : 1.0);
        k[3] = nesterov ? k[1] : 1.0;  // direction = k[3]*s + k[4]*g: a choice by arithmetic, so that loops stay vectors
        k[4] = nesterov ? (inside ? step.lr : 1.0) : 0.0;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        if constexpr (Variant == 0) {
            theta = fused(-k[0], g, theta);
        } else {
            s[0] = fused(k[1], s[0], k[2] * g);
            theta = fused(-k[0], fused(k[3], s[0], k[4] * g), theta);
        }
    }
};

}  // namespace glissade
