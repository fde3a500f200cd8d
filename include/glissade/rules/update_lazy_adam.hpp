// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/update_adam.hpp"

namespace glissade {

/// Adam for sparse data, PyTorch's SparseAdam: a parameter and its moments move only in the steps whose batch holds its column, penalties
/// included; the bias corrections count every step. On dense data every column is in every batch, and it is Adam.
struct LazyAdam {
    double lr = 1e-3;
    double beta1 = .9;
    double beta2 = .999;
    double eps = 1e-8;
    double weight_decay = 0;

    static constexpr std::string_view name = "lazy_adam";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<LazyAdam>;
        return std::array{F::above("lr", &LazyAdam::lr, 0, "learning rate"),
                          F::rate("beta1", &LazyAdam::beta1, "decay of the average of gradients, a step that holds the column"),
                          F::rate("beta2", &LazyAdam::beta2, "decay of the average of squares, likewise"),
                          F::at_least("eps", &LazyAdam::eps, 0, "added to the root"),
                          F::at_least("weight_decay", &LazyAdam::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"exp_avg", "exp_avg_sq"}; }
    static constexpr int state_count(int) { return 2; }
    static constexpr Idle idle(int) { return Idle::skips; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    void prepare(const StepInfo& step, double*, double* k) const { rules::prepare_adam(step, beta1, beta2, eps, k); }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g, Real& theta, Real* s) {
        rules::apply_adam<false>(k, g, theta, s);
    }
};

}  // namespace glissade
