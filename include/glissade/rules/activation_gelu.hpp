// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// z * Phi(z), with the distribution of the standard normal (Hendrycks and Gimpel 2016); slope Phi(z) + z * phi(z).
struct Gelu {
    static constexpr std::string_view name = "gelu";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr std::array<Field<Gelu>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        Real density;
        const Real share = rules::normal_distribution(z, density);
        slope = rules::fused(z, density, share);
        return z * share;
    }
};

/// z/2 * (1 + tanh(u)), u = sqrt(2/pi) * (z + 0.044715 z^3), the same authors' approximation. As z * s with s = 1/(1 + e^-2u), which does
/// not cancel far below 0; slope s + z * s * (1-s) * 2u'.
struct GeluTanh {
    static constexpr std::string_view name = "gelu_tanh";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr std::array<Field<GeluTanh>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real*, Real& slope) {
        constexpr Real two_root = Real(1.59576912160573071176);  // 2 * sqrt(2/pi)
        constexpr Real cube = Real(0.044715), cube_slope = Real(3 * 0.044715);
        const Real square = z * z;
        const Real inner = two_root * (z * rules::fused(cube, square, Real(1)));
        const Real share = rules::sigmoid(inner), rest = rules::sigmoid(-inner);
        const Real inner_slope = two_root * rules::fused(cube_slope, square, Real(1));
        // Where the share of one side is 0 the other factors may overflow.
        const Real bend = share * rest;
        slope = bend == Real(0) ? share : rules::fused(z * bend, inner_slope, share);
        return z * share;
    }
};

}  // namespace glissade
