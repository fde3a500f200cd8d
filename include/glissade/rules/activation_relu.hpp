// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

// An activation is `evaluate(z, k, slope)`: what a unit gives for the sum z, and the derivative there. At a corner the slope is that of
// PyTorch. A sum that is NaN stays NaN.

/// max(z, 0) (Nair and Hinton 2010); slope 0 at 0.
struct Relu {
    static constexpr std::string_view name = "relu";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr std::array<Field<Relu>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        slope = z > Real(0) ? Real(1) : Real(0);
        return z < Real(0) ? Real(0) : z;
    }
};

}  // namespace glissade
