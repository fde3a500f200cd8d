// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// Half the deviance of a target whose variance grows as mean^p, 1 < p < 2 (sums of a random number of gamma amounts: claims, rainfall),
/// with mean e^z, but for what does not depend on z: y*e^((1-p)z)/(p-1) + e^((2-p)z)/(2-p). Tweedie 1984, Jorgensen 1987.
struct Tweedie {
    double power = 1.5;

    static constexpr std::string_view name = "tweedie";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 0;
    static constexpr Link link = Link::logarithm;
    static constexpr TargetRange targets = TargetRange::not_negative;
    static constexpr auto fields() {
        return std::array{
            Field<Tweedie>::between("power", &Tweedie::power, 1, 2, "the variance grows as this power of the mean: 1 Poisson, 2 gamma")};
    }
    void prepare(double* k) const {
        k[0] = power - 1.0;
        k[1] = 2.0 - power;
    }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        const Real of_target = rules::times_exp(y, -k[0] * z), of_mean = rules::exp(k[1] * z);
        slope = of_mean - of_target;
        return of_target / k[0] + of_mean / k[1];
    }
};

}  // namespace glissade
