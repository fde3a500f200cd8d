// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/portable.hpp"

namespace glissade {

/// Which partial sums a batch has and in which order they are added. A pure function of the batch's rows, so that threads, blocks and cards
/// can share the work in any way and still give the same bits.
///
/// - The rows of a batch, in row order, are cut into `partials` (a power of two) contiguous runs. Within a run gradients are added row by
/// row,
///   element-wise: g[j] = fma(slope, x[j], g[j]) from g = 0.
/// - The partial sums are added by a perfect binary tree over their index: (0+1)+(2+3) ...
/// - A dot product of n elements has `dot_lanes` lanes: lane l adds elements l, l+64, l+128, ... by fma from 0; lanes are then added by
///   halving: lane l += lane l+32, then +16, 8, 4, 2, 1.
struct SumShape {
    static constexpr std::int64_t rows_a_partial = 16;  ///< aimed at, while the cap allows
    static constexpr std::int64_t max_partials = 1024;
    static constexpr int dot_lanes = 64;
    static constexpr int version = 1;  ///< stored in checkpoints; changes whenever any of this does

    std::int64_t rows = 0;
    std::int64_t partials = 1;

    static GLISSADE_RULE SumShape of_batch(std::int64_t rows_in) {
        std::int64_t count = 1;
        while (count < max_partials && count * rows_a_partial < rows_in) count *= 2;
        SumShape shape;
        shape.rows = rows_in;
        shape.partials = count;
        return shape;
    }
    /// First row (within the batch) of partial v; partial v ends where v+1 begins. At most 2^53 rows * partials, so the product cannot
    /// overflow.
    GLISSADE_RULE std::int64_t begin(std::int64_t v) const { return v * rows / partials; }
};

}  // namespace glissade
