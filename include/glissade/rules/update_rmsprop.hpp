// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// RMSProp (Tieleman and Hinton 2012), PyTorch's form: v = a*v+(1-a)*g^2; theta -= lr*g/(sqrt(v)+eps). Centered (Graves 2013):
/// gb = a*gb+(1-a)*g and sqrt(v-gb^2), clamped at 0. With momentum: buf = mu*buf + g/avg; theta -= lr*buf.
struct RmsProp {
    double lr = 1e-2;
    double alpha = .99;
    double eps = 1e-8;
    double momentum = 0;
    bool centered = false;
    double weight_decay = 0;
    bool eps_in_root = false;
    bool rate_in_buffer = false;

    static constexpr std::string_view name = "rmsprop";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 4;  // bit 0: centered, bit 1: momentum
    static constexpr auto fields() {
        using F = Field<RmsProp>;
        return std::array{F::above("lr", &RmsProp::lr, 0, "learning rate"),
                          F::rate("alpha", &RmsProp::alpha, "decay of the average of squares"),
                          F::at_least("eps", &RmsProp::eps, 0, "added to the root"),
                          F::rate("momentum", &RmsProp::momentum, "momentum factor mu"),
                          F::boolean("centered", &RmsProp::centered, "divide by the deviation of the gradient"),
                          F::at_least("weight_decay", &RmsProp::weight_decay, 0, "L2 added to the gradient of the weights"),
                          F::boolean("eps_in_root", &RmsProp::eps_in_root, "eps joins what the root is taken of"),
                          F::boolean("rate_in_buffer", &RmsProp::rate_in_buffer, "the momentum is of steps, rates included")};
    }
    static constexpr std::array<std::string_view, 3> state_names(int variant) {
        if (variant & 1) return {"square_avg", "grad_avg", "momentum_buffer"};
        return {"square_avg", "momentum_buffer", ""};
    }
    static constexpr int state_count(int variant) { return 1 + (variant & 1) + (variant >> 1); }
    static constexpr Idle idle(int variant) { return variant < 2 ? Idle::fades : Idle::moves; }
    int variant() const { return (centered ? 1 : 0) + (momentum > 0 ? 2 : 0); }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        const bool inside = rate_in_buffer && momentum > 0;
        k[0] = inside ? 1.0 : step.lr;
        k[1] = alpha;
        k[2] = 1.0 - alpha;
        k[3] = eps_in_root ? 0.0 : eps;
        k[4] = step.has_momentum ? step.momentum : momentum;
        k[5] = eps_in_root ? eps : 0.0;
        k[6] = inside ? step.lr : 1.0;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        s[0] = fused(k[1], s[0], k[2] * (g * g));
        Real spread = s[0];
        if constexpr ((Variant & 1) != 0) {
            s[1] = fused(k[1], s[1], k[2] * g);
            spread = larger(fused(-s[1], s[1], s[0]), Real(0));
        }
        const Real scaled = g / (root(spread + k[5]) + k[3]);
        if constexpr (Variant >= 2) {
            Real& buffer = s[1 + (Variant & 1)];
            buffer = fused(k[4], buffer, k[6] * scaled);
            theta = fused(-k[0], buffer, theta);
        } else {
            theta = fused(-k[0], scaled, theta);
        }
    }
};

}  // namespace glissade
