// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// The pinball loss (Koenker and Bassett 1978): q*(y-z) where the prediction is too low, (1-q)*(z-y) where it is too high. Fits the
/// q-quantile: a share q of the targets lies below the prediction. The slope at its kink is 0.
struct Quantile {
    double quantile = 0.5;

    static constexpr std::string_view name = "quantile";
    static constexpr std::array<std::string_view, 1> aliases = {"pinball"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 1;
    static constexpr auto fields() {
        return std::array{Field<Quantile>::between("quantile", &Quantile::quantile, 0, 1, "share of the targets below the prediction")};
    }
    void prepare(double* k) const {
        k[0] = quantile;
        k[1] = 1.0 - quantile;
    }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        const Real e = z - y, low = k[0], high = k[1];
        slope = e > Real(0) ? high : (e < Real(0) ? -low : e);  // a NaN error keeps its NaN
        return e > Real(0) ? high * e : -low * e;
    }
};

}  // namespace glissade
