// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// NAdam (Dozat 2016), PyTorch's form: mu_t = b1*(1-.5*.96^(t*psi));
/// m^ = mu_{t+1}*m/(1-prod mu_1..t+1) + (1-mu_t)*g/(1-prod mu_1..t); theta -= lr*m^/(sqrt(v/(1-b2^t))+eps).
/// With decoupled weight decay theta *= 1-lr*lambda first.
struct NAdam {
    double lr = 2e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double momentum_decay = 4e-3;
    double weight_decay = 0;
    bool decoupled_weight_decay = false;

    static constexpr std::string_view name = "nadam";
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<NAdam>;
        return std::array{
            F::above("lr", &NAdam::lr, 0, "learning rate"),
            F::rate("beta1", &NAdam::beta1, "decay of the average of gradients"),
            F::rate("beta2", &NAdam::beta2, "decay of the average of squares"),
            F::at_least("eps", &NAdam::eps, 0, "added to the root"),
            F::at_least("momentum_decay", &NAdam::momentum_decay, 0, "psi: how fast the momentum warms up"),
            F::at_least("weight_decay", &NAdam::weight_decay, 0, "L2 added to the gradient of the weights"),
            F::boolean("decoupled_weight_decay", &NAdam::decoupled_weight_decay, "weight decay shrinks the weights instead, as in adamw")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_avg_sq"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    /// memory[0] carries the product of mu_1 ... mu_t.
    void prepare(const StepInfo& step, double* memory, double* k) const {
        const double t = static_cast<double>(step.t);
        const double b1 = step.has_momentum ? step.momentum : beta1;
        const double mu = b1 * (1.0 - .5 * std::pow(.96, t * momentum_decay));
        const double mu_next = b1 * (1.0 - .5 * std::pow(.96, (t + 1) * momentum_decay));
        memory[0] = (step.t == 1 ? 1.0 : memory[0]) * mu;
        k[0] = b1;
        k[1] = 1.0 - b1;
        k[2] = beta2;
        k[3] = 1.0 - beta2;
        k[4] = step.lr * mu_next / (1.0 - memory[0] * mu_next);
        k[5] = step.lr * (1.0 - mu) / (1.0 - memory[0]);
        k[6] = 1.0 / std::sqrt(1.0 - std::pow(beta2, t));
        k[7] = eps;
        k[8] = decoupled_weight_decay ? 1.0 - step.lr * weight_decay : 1.0;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        using namespace rules;
        theta = theta * k[8];
        s[0] = fused(k[0], s[0], k[1] * g);
        s[1] = fused(k[2], s[1], k[3] * (g * g));
        const Real scale = fused(root(s[1]), k[6], k[7]);
        theta = theta - fused(k[4], s[0], k[5] * g) / scale;
    }
};

}  // namespace glissade
