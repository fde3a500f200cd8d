// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// z * s, s = 1/(1 + e^-z) (Elfwing, Uchibe and Doya 2018); slope s * (1 + z * (1-s)).
struct Silu {
    static constexpr std::string_view name = "silu";
    static constexpr std::array<std::string_view, 1> aliases = {"swish"};
    static constexpr std::array<Field<Silu>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        const Real share = rules::sigmoid(z), rest = rules::sigmoid(-z);
        slope = share * rules::fused(z, rest, Real(1));
        return z * share;
    }
};

}  // namespace glissade
