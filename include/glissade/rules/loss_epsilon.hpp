// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// The loss of support vector regression (Vapnik 1995): max(0, |z-y| - epsilon).
struct EpsilonInsensitive {
    double epsilon = 0.1;

    static constexpr std::string_view name = "epsilon_insensitive";
    static constexpr std::array<std::string_view, 2> aliases = {"epsilon", "svr"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 1;
    static constexpr auto fields() {
        return std::array{
            Field<EpsilonInsensitive>::at_least("epsilon", &EpsilonInsensitive::epsilon, 0, "error up to which nothing is lost")};
    }
    void prepare(double* k) const { k[0] = epsilon; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        const Real e = z - y, excess = rules::magnitude(e) - k[0];
        const bool inside = excess <= Real(0);  // false for a NaN error, which keeps its NaN
        slope = inside ? Real(0) : (e > Real(0) ? Real(1) : (e < Real(0) ? Real(-1) : e));
        return inside ? Real(0) : excess;
    }
};

/// max(0, |z-y| - epsilon)^2.
struct SquaredEpsilonInsensitive {
    double epsilon = 0.1;

    static constexpr std::string_view name = "squared_epsilon_insensitive";
    static constexpr std::array<std::string_view, 1> aliases = {"l2_svr"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 2;
    static constexpr double max_curvature = 2;
    static constexpr auto fields() {
        using F = Field<SquaredEpsilonInsensitive>;
        return std::array{F::at_least("epsilon", &SquaredEpsilonInsensitive::epsilon, 0, "error up to which nothing is lost")};
    }
    void prepare(double* k) const { k[0] = epsilon; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        const Real e = z - y, beyond = rules::magnitude(e) - k[0];
        const Real excess = beyond <= Real(0) ? Real(0) : beyond;
        slope = (e < Real(0) ? Real(-2) : Real(2)) * excess;
        return excess * excess;
    }
};

}  // namespace glissade
