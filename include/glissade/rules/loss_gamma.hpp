// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// Half the deviance of a gamma distributed target with mean e^z, but for what does not depend on z: z + y*e^-z (McCullagh and Nelder
/// 1989).
struct Gamma {
    static constexpr std::string_view name = "gamma";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 0;
    static constexpr Link link = Link::logarithm;
    static constexpr TargetRange targets = TargetRange::positive;
    static constexpr std::array<Field<Gamma>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real ratio = rules::times_exp(y, -z);  // of the target to the mean
        slope = Real(1) - ratio;
        return z + ratio;
    }
};

}  // namespace glissade
