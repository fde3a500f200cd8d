// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "glissade/sparse_view.hpp"

namespace glissade {

/// How many rows there are of each length.
template <class Real>
std::vector<std::int64_t> lengths_of(const SparseView<const Real>& x);

/// Entries of the longest row; 0 without rows.
template <class Real>
std::int64_t longest_row_of(const SparseView<const Real>& x);

/// The most entries that so many different rows can have, or, if rows may repeat, any.
std::int64_t most_entries_of(const std::vector<std::int64_t>& lengths, std::int64_t rows, bool repeat);

}  // namespace glissade
