// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

namespace rules {

/// The scalars of a step that the Adam family shares: k[0..6] = b1, 1-b1, b2, 1-b2, lr/(1-b1^t), 1/sqrt(1-b2^t), eps.
inline void prepare_adam(const StepInfo& step, double beta1, double beta2, double eps, double* k) {
    const double b1 = step.has_momentum ? step.momentum : beta1;
    const double t = static_cast<double>(step.t);
    k[0] = b1;
    k[1] = 1.0 - b1;
    k[2] = beta2;
    k[3] = 1.0 - beta2;
    k[4] = step.lr / (1.0 - std::pow(b1, t));
    k[5] = 1.0 / std::sqrt(1.0 - std::pow(beta2, t));
    k[6] = eps;
}

/// m and v, and theta -= rate * m / (sqrt(v) / sqrt(1-b2^t) + eps); with Largest, over the largest v so far (AMSGrad, Reddi et al. 2018).
template <bool Largest, class Real>
GLISSADE_RULE void apply_adam(const Real* k, Real g, Real& theta, Real* s) {
    s[0] = fused(k[0], s[0], k[1] * g);
    s[1] = fused(k[2], s[1], k[3] * (g * g));
    Real v = s[1];
    if constexpr (Largest) {
        s[2] = larger(s[2], v);
        v = s[2];
    }
    theta = fused(-k[4], s[0] / fused(root(v), k[5], k[6]), theta);
}

}  // namespace rules

/// Adam (Kingma and Ba 2015), PyTorch's form: theta -= lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps), or, as the
/// paper's faster form and Keras have it, lr*sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + eps).
struct Adam {
    double lr = 1e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double weight_decay = 0;
    bool amsgrad = false;
    bool eps_uncorrected = false;

    static constexpr std::string_view name = "adam";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 2;  // 1: amsgrad
    static constexpr auto fields() {
        using F = Field<Adam>;
        return std::array{F::above("lr", &Adam::lr, 0, "learning rate"),
                          F::rate("beta1", &Adam::beta1, "decay of the average of gradients"),
                          F::rate("beta2", &Adam::beta2, "decay of the average of squares"),
                          F::at_least("eps", &Adam::eps, 0, "added to the root"),
                          F::at_least("weight_decay", &Adam::weight_decay, 0, "L2 added to the gradient of the weights"),
                          F::boolean("amsgrad", &Adam::amsgrad, "divide by the largest average of squares so far"),
                          F::boolean("eps_uncorrected", &Adam::eps_uncorrected, "eps joins the root before its bias correction")};
    }
    static constexpr std::array<std::string_view, 3> state_names(int) { return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}; }
    static constexpr int state_count(int variant) { return 2 + variant; }
    int variant() const { return amsgrad ? 1 : 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        rules::prepare_adam(step, beta1, beta2, eps, k);
        if (eps_uncorrected) k[6] *= k[5];
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        rules::apply_adam<Variant == 1>(k, g, theta, s);
    }
};

}  // namespace glissade
