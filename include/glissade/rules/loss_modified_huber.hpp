// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Zhang (2004), with m = t*z and t = +-1 for targets 1 and 0: max(0, 1-m)^2 where m >= -1, else -4m. A squared hinge that grows in
/// proportion only for rows far on the wrong side, and whose score tells the probability.
struct ModifiedHuber {
    static constexpr std::string_view name = "modified_huber";
    static constexpr std::array<std::string_view, 0> aliases = {};
    static constexpr LossKind kind = LossKind::binary;
    static constexpr double max_curvature = 2;
    static constexpr std::array<Field<ModifiedHuber>, 0> fields() { return {}; }
    void prepare(double*) const {}
    template <class Real>
    static GLISSADE_RULE Real probability(Real z) {
        return Real(0.5) * (rules::smaller(rules::larger(z, Real(-1)), Real(1)) + Real(1));
    }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real*, Real& slope) {
        const Real t = Real(2) * y - Real(1);
        const Real margin = t * z, short_by = Real(1) - margin;
        const Real excess = short_by <= Real(0) ? Real(0) : short_by;  // written so that a NaN score stays a NaN loss
        const bool far = margin < Real(-1);
        slope = far ? Real(-4) * t : Real(-2) * t * excess;
        return far ? Real(-4) * margin : excess * excess;
    }
};

}  // namespace glissade
