// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// z above 0, negative_slope * z below (Maas, Hannun and Ng 2013); at 0 the slope below.
struct LeakyRelu {
    double negative_slope = .01;

    static constexpr std::string_view name = "leaky_relu";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr auto fields() {
        return std::array{Field<LeakyRelu>::at_least("negative_slope", &LeakyRelu::negative_slope, 0, "slope below 0")};
    }
    void prepare(double* k) const { k[0] = negative_slope; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, const Real* k, Real& slope) {
        const Real below = k[0];
        slope = z > Real(0) ? Real(1) : below;
        return z > Real(0) ? z : below * z;
    }
};

}  // namespace glissade
