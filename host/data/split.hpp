// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

struct RowSplit {
    std::vector<std::int64_t> train, validation;  ///< both in the order of the file
};

/// Holds out exactly round(fraction * rows.size()) rows: those whose hash of (seed, row) is smallest, a pure function of its arguments.
/// Throws Error(usage) if one side would be empty.
RowSplit split_rows_by_seed(std::span<const std::int64_t> rows, double fraction, std::uint64_t seed);

}  // namespace glissade
