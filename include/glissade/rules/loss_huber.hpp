// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Huber (1964): 1/2 e^2 where |e| <= delta, else delta*(|e| - delta/2).
struct Huber {
    double delta = 1.0;

    static constexpr std::string_view name = "huber";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 2;
    static constexpr double max_curvature = 1;
    static constexpr auto fields() {
        return std::array{Field<Huber>::above("delta", &Huber::delta, 0, "error beyond which the loss is linear")};
    }
    void prepare(double* k) const { k[0] = delta; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        using namespace rules;
        const Real e = z - y, delta_r = k[0], size = magnitude(e);
        const bool inside = size <= delta_r;
        slope = inside ? e : (e > Real(0) ? delta_r : (e < Real(0) ? -delta_r : e));  // a NaN error keeps its NaN
        return inside ? Real(0.5) * e * e : delta_r * (size - Real(0.5) * delta_r);
    }
};

}  // namespace glissade
