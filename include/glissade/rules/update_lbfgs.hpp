// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// L-BFGS (Liu and Nocedal 1989) with the line search of More and Thuente (1994). Its step is one of the whole vector, which the host takes
/// (host/train/lbfgs.hpp); on the way a backend only hands out the gradient, penalties included, at the parameters that it is given.
struct Lbfgs {
    double lr = 1;
    double history = 10;
    double tolerance_grad = 1e-5;
    double tolerance_change = 64 * 0x1p-52;
    double max_evaluations = 20;
    double weight_decay = 0;

    static constexpr std::string_view name = "lbfgs";
    static constexpr bool decoupled_decay = false;
    static constexpr bool full_batch_only = true;
    static constexpr bool driven_by_host = true;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Lbfgs>;
        return std::array{
            F::above("lr", &Lbfgs::lr, 0, "first step that a line search tries, in lengths of its direction"),
            F::at_least("history", &Lbfgs::history, 1, "pairs of steps and changes of the gradient that make up the curvature"),
            F::at_least("tolerance_grad", &Lbfgs::tolerance_grad, 0, "ends the run at a gradient without a larger entry"),
            F::at_least("tolerance_change", &Lbfgs::tolerance_change, 0, "ends the run after a smaller relative fall of the loss; 0: off"),
            F::at_least("max_evaluations", &Lbfgs::max_evaluations, 1, "passes over the data that a line search may take"),
            F::at_least("weight_decay", &Lbfgs::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 1> state_names(int) { return {"gradient"}; }
    static constexpr int state_count(int) { return 1; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const {
        return history != std::floor(history) || max_evaluations != std::floor(max_evaluations)
                   ? "history and max_evaluations are whole numbers"
                   : "";
    }

    void prepare(const StepInfo&, double*, double*) const {}

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real*, Real g, Real&, Real* s) {
        s[0] = g;
    }
};

}  // namespace glissade
