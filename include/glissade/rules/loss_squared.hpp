// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Half the squared error, 1/2 (z-y)^2, or any other part of it.
struct Squared {
    double error_scale = .5;

    static constexpr std::string_view name = "squared";
    static constexpr std::array<std::string_view, 3> aliases = {"mse", "squared_error", "l2"};
    static constexpr LossKind kind = LossKind::regression;
    static constexpr int degree = 2;
    double max_curvature() const { return 2 * error_scale; }
    static constexpr auto fields() {
        return std::array{Field<Squared>::above("error_scale", &Squared::error_scale, 0, "factor of the squared error; PyTorch's is 1")};
    }
    void prepare(double* k) const { k[0] = 2 * error_scale; }

    template <class Real>
    static GLISSADE_RULE Real evaluate(Real z, Real y, const Real* k, Real& slope) {
        const Real e = z - y;
        slope = k[0] * e;
        return Real(0.5) * slope * e;
    }
};

}  // namespace glissade
