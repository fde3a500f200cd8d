// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// 1/(1 + e^-z); slope y * (1-y), where 1-y is taken as that of -z.
struct Sigmoid {
    static constexpr std::string_view name = "sigmoid";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr std::array<Field<Sigmoid>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        const Real y = rules::sigmoid(z);
        slope = y * rules::sigmoid(-z);
        return y;
    }
};

}  // namespace glissade
