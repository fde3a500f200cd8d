// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// The hyperbolic tangent; slope 1 - y^2.
struct Tanh {
    static constexpr std::string_view name = "tanh";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr std::array<Field<Tanh>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        const Real y = rules::tanh(z);
        slope = (Real(1) - y) * (Real(1) + y);
        return y;
    }
};

}  // namespace glissade
