// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Half the squared error: 1/2 (z-y)^2.
struct Squared {
    static constexpr std::string_view name = "squared";
    static constexpr std::array<std::string_view, 3> aliases = {"mse", "squared_error", "l2"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 2;
    static constexpr double max_curvature = 1;
    static constexpr std::array<Field<Squared>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        slope = z - y;
        return Real(0.5) * slope * slope;
    }
};

}  // namespace glissade
