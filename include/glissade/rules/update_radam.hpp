// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/update_adam.hpp"

namespace glissade {

/// Rectified Adam (Liu et al. 2020), PyTorch's form: while rho_t = rho_inf - 2t*b2^t/(1-b2^t) <= 5 the squares say too little and
/// theta -= lr*m^; then theta -= lr*r_t*m^*sqrt(1-b2^t)/(sqrt(v)+eps). With decoupled weight decay
/// theta *= 1-lr*lambda first.
struct RAdam {
    double lr = 1e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double weight_decay = 0;
    bool decoupled_weight_decay = false;

    static constexpr std::string_view name = "radam";
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<RAdam>;
        return std::array{
            F::above("lr", &RAdam::lr, 0, "learning rate"),
            F::rate("beta1", &RAdam::beta1, "decay of the average of gradients"),
            F::rate("beta2", &RAdam::beta2, "decay of the average of squares"),
            F::at_least("eps", &RAdam::eps, 0, "added to the root"),
            F::at_least("weight_decay", &RAdam::weight_decay, 0, "L2 added to the gradient of the weights"),
            F::boolean("decoupled_weight_decay", &RAdam::decoupled_weight_decay, "weight decay shrinks the weights instead, as in adamw")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_avg_sq"}; }
    static constexpr int state_count(int) { return 2; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    /// theta -= k[4] * m / (k[5]*sqrt(v) + k[6]): the divisor is 1 until the squares count.
    void prepare(const StepInfo& step, double*, double* k) const {
        rules::prepare_adam(step, beta1, beta2, eps, k);
        const double t = static_cast<double>(step.t), faded = std::pow(beta2, t);
        const double longest = 2.0 / (1.0 - beta2) - 1.0, length = longest - 2.0 * t * faded / (1.0 - faded);
        const bool rectified = length > 5.0;
        if (rectified)
            k[4] *= std::sqrt((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length) * (1.0 - faded));
        k[5] = rectified ? 1.0 : 0.0;
        k[6] = rectified ? eps : 1.0;
        k[7] = decoupled_weight_decay ? 1.0 - step.lr * weight_decay : 1.0;
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        theta = theta * k[7];
        rules::apply_adam<false>(k, g, theta, s);
    }
};

}  // namespace glissade
