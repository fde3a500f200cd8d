// SPDX-License-Identifier: Apache-2.0
#include "host/execution/sparse_lengths.hpp"

#include <algorithm>
#include <cstddef>

namespace glissade {

template <class Real>
std::vector<std::int64_t> lengths_of(const SparseView<const Real>& x) {
    std::vector<std::int64_t> counts(1, 0);
    for (std::int64_t r = 0; r < x.rows; ++r) {
        const auto length = static_cast<std::size_t>(x.offsets[r + 1] - x.offsets[r]);
        if (length >= counts.size()) counts.resize(length + 1, 0);
        ++counts[length];
    }
    return counts;
}

template <class Real>
std::int64_t longest_row_of(const SparseView<const Real>& x) {
    std::int64_t longest = 0;
    for (std::int64_t r = 0; r < x.rows; ++r) longest = std::max(longest, x.offsets[r + 1] - x.offsets[r]);
    return longest;
}

std::int64_t most_entries_of(const std::vector<std::int64_t>& lengths, std::int64_t rows, bool repeat) {
    std::int64_t entries = 0;
    for (std::size_t length = lengths.size(); length-- > 0 && rows > 0;) {
        const std::int64_t taken = repeat && lengths[length] > 0 ? rows : std::min(rows, lengths[length]);
        entries += taken * static_cast<std::int64_t>(length);
        rows -= taken;
    }
    return entries;
}

template std::vector<std::int64_t> lengths_of(const SparseView<const float>&);
template std::vector<std::int64_t> lengths_of(const SparseView<const double>&);
template std::int64_t longest_row_of(const SparseView<const float>&);
template std::int64_t longest_row_of(const SparseView<const double>&);

}  // namespace glissade
