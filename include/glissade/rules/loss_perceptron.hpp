// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Rosenblatt (1958): max(0, -t*z) with t = +-1 for targets 1 and 0. A score of 0 counts as wrong, so that training leaves a zero start.
struct Perceptron {
    static constexpr std::string_view name = "perceptron";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr LossKind kind = LossKind::binary;
    static constexpr std::array<Field<Perceptron>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real t = Real(2) * y - Real(1);
        const Real margin = t * z;
        slope = margin > Real(0) ? Real(0) : -t;
        return margin > Real(0) ? Real(0) : -margin;  // written so that a NaN score stays a NaN loss
    }
};

}  // namespace glissade
