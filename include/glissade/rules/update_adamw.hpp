// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/update_adam.hpp"

namespace glissade {

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): theta *= 1-lr*lambda, then Adam.
struct AdamW {
    double lr = 1e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double weight_decay = 1e-2;
    bool amsgrad = false;
    bool eps_uncorrected = false;

    static constexpr std::string_view name = "adamw";
    static constexpr bool decoupled_decay = true;
    static constexpr int variants = 2;  // 1: amsgrad
    static constexpr auto fields() {
        using F = Field<AdamW>;
        return std::array{F::above("lr", &AdamW::lr, 0, "learning rate"),
                          F::rate("beta1", &AdamW::beta1, "decay of the average of gradients"),
                          F::rate("beta2", &AdamW::beta2, "decay of the average of squares"),
                          F::at_least("eps", &AdamW::eps, 0, "added to the root"),
                          F::at_least("weight_decay", &AdamW::weight_decay, 0, "decoupled decay of the weights"),
                          F::boolean("amsgrad", &AdamW::amsgrad, "divide by the largest average of squares so far"),
                          F::boolean("eps_uncorrected", &AdamW::eps_uncorrected, "eps joins the root before its bias correction")};
    }
    static constexpr std::array<std::string_view, 3> state_names(int) { return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}; }
    static constexpr int state_count(int variant) { return 2 + variant; }
    int variant() const { return amsgrad ? 1 : 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const {
        rules::prepare_adam(step, beta1, beta2, eps, k);
        if (eps_uncorrected) k[6] *= k[5];
        k[7] = 1.0 - step.lr * weight_decay;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        theta = theta * k[7];
        rules::apply_adam<Variant == 1>(k, g, theta, s);
    }
};

}  // namespace glissade
