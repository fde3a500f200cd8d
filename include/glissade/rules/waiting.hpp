// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/portable.hpp"

namespace glissade {

/// What a parameter that waits has been multiplied with and lowered by meanwhile: see host/execution/idle.hpp.
template <class Real>
struct Waiting {
    Real product = 1, sum = 0;
    bool shrinks = false;

    /// theta as of now.
    GLISSADE_RULE Real settle(Real stored, Real mark) const {
        if (!shrinks) return stored * product;
        const Real size = stored < Real(0) ? -stored : stored, left = size - (sum - mark);
        if (!(left > Real(0))) return stored == stored ? Real(0) : stored;
        return (stored < Real(0) ? -left : left) * product;
    }
};

/// factor^steps, by squaring, so that it is the same on every machine.
GLISSADE_RULE double power_of(double factor, std::uint32_t steps) {
    double result = 1;
    for (double square = factor; steps > 0; steps >>= 1, square *= square)
        if ((steps & 1) != 0) result *= square;
    return result;
}

/// The squares of a norm over the columns of a batch are added in so many groups, which columns fall into by a hash of their place. Columns
/// side by side, four at a time, share the group.
inline constexpr int column_groups = 64;
GLISSADE_RULE int group_of(std::uint32_t column) {
    return static_cast<int>(((column >> 2) * 0x9E3779B1u) >> 26);
}

}  // namespace glissade
