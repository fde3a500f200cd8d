// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// The absolute error |z-y|: fits the median. The slope at its kink is 0.
struct Absolute {
    static constexpr std::string_view name = "absolute";
    static constexpr std::array<std::string_view, 3> aliases = {"mae", "absolute_error", "l1"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 1;
    static constexpr std::array<Field<Absolute>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real e = z - y;
        slope = e > Real(0) ? Real(1) : (e < Real(0) ? Real(-1) : e);  // a NaN error keeps its NaN
        return rules::magnitude(e);
    }
};

}  // namespace glissade
