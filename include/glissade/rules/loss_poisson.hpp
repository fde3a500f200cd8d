// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// Negative log-likelihood of a Poisson count with mean e^z, less what does not depend on z: e^z - y*z. Half the deviance but for a
/// constant, as in generalised linear models (McCullagh and Nelder 1989).
struct Poisson {
    static constexpr std::string_view name = "poisson";
    static constexpr std::array<std::string_view, 1> aliases = {"poisson_nll"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 0;
    static constexpr Link link = Link::logarithm;
    static constexpr TargetRange targets = TargetRange::not_negative;
    static constexpr std::array<Field<Poisson>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real mean = rules::exp(z);
        slope = mean - y;
        return mean - y * z;
    }
};

}  // namespace glissade
