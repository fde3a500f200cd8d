// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// z above 0, elu_alpha * (e^z - 1) below (Clevert, Unterthiner and Hochreiter 2016).
struct Elu {
    double elu_alpha = 1;

    static constexpr std::string_view name = "elu";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr auto fields() {
        return std::array{Field<Elu>::above("elu_alpha", &Elu::elu_alpha, 0, "elu goes to minus this far below 0")};
    }
    void prepare(double* k) const { k[0] = elu_alpha; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real* k, Real& slope) {
        const Real alpha = k[0], below = z < Real(0) ? z : Real(0);
        const bool above = z > Real(0);
        slope = above ? Real(1) : alpha * rules::exp(below);
        const Real bent = alpha * rules::expm1(below);
        return above || z != z ? z : bent;
    }
};

}  // namespace glissade
