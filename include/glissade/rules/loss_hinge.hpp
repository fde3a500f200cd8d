// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// The linear support vector machine's loss: max(0, 1 - t*z) with t = +-1 for targets 1 and 0.
struct Hinge {
    static constexpr std::string_view name = "hinge";
    static constexpr std::array<std::string_view, 1> aliases = {"svm"};
    static constexpr LossKind kind = LossKind::binary;
    static constexpr std::array<Field<Hinge>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real t = Real(2) * y - Real(1);
        const Real margin = Real(1) - t * z;
        slope = margin <= Real(0) ? Real(0) : -t;
        return margin <= Real(0) ? Real(0) : margin;  // written so that a NaN score stays a NaN loss
    }
};

/// max(0, 1 - t*z)^2 with t = +-1 for targets 1 and 0.
struct SquaredHinge {
    static constexpr std::string_view name = "squared_hinge";
    static constexpr std::array<std::string_view, 1> aliases = {"l2_svm"};
    static constexpr LossKind kind = LossKind::binary;
    static constexpr double max_curvature = 2;
    static constexpr std::array<Field<SquaredHinge>, 0> fields() { return {}; }
    void prepare(double*) const {}

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real t = Real(2) * y - Real(1);
        const Real margin = Real(1) - t * z;
        const Real excess = margin <= Real(0) ? Real(0) : margin;
        slope = Real(-2) * t * excess;
        return excess * excess;
    }
};

}  // namespace glissade
