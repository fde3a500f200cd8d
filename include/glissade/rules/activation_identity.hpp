// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// The sum itself: layers that multiply to a linear model.
struct Identity {
    static constexpr std::string_view name = "identity";
    static constexpr std::array<std::string_view, 2> aliases = {"linear", "none"};
    static constexpr std::array<Field<Identity>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        slope = Real(1);
        return z;
    }
};

}  // namespace glissade
