// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

/// Binary cross-entropy on the score: log(1+e^z) - y*z in the form max(z,0) - y*z + log1p(e^-|z|), stable for any score.
struct Logistic {
    static constexpr std::string_view name = "logistic";
    static constexpr std::array<std::string_view, 2> aliases = {"log_loss", "bce"};
    static constexpr LossKind kind = LossKind::binary;
    static constexpr double max_curvature = .25;
    static constexpr std::array<Field<Logistic>, 0> fields() { return {}; }
    void prepare(double*) const {}
    template <class Real>
    static GLISSADE_RULE Real probability(Real z) {
        return rules::sigmoid(z);
    }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real e = rules::exp(-rules::magnitude(z));
        const Real p = (z < Real(0) ? e : Real(1)) / (Real(1) + e);
        slope = p - y;
        const Real t = Real(1) - y;
        // max(z,0) - y*z without cancellation: (1-y)*z above zero, -y*z below.
        return (z > Real(0) ? t * z : -y * z) + rules::log1p(e);
    }
};

}  // namespace glissade
