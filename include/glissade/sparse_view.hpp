// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

namespace glissade {

/// Compressed sparse rows (CSR) that somebody else owns: the nonzeros of row r are indices[k], values[k] for offsets[r] <= k <
/// offsets[r + 1]. The indices of a row ascend strictly; a value that is stored may be 0. Some rows of a larger matrix are a view too: its
/// offsets then begin above 0. Nothing is checked until it is handed to a function that reads it, which throws Error(data).
template <class Real>
struct SparseView {
    const std::int64_t* offsets = nullptr;   ///< rows + 1
    const std::uint32_t* indices = nullptr;  ///< columns, counted from 0
    Real* values = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;  ///< at most 2^32

    std::int64_t nonzeros() const { return rows > 0 ? offsets[rows] - offsets[0] : 0; }
    /// The rows [first, first + count) of this view.
    SparseView part(std::int64_t first, std::int64_t count) const { return {offsets + first, indices, values, count, columns}; }
    /// A view that may write converts to one that only reads, never the other way.
    operator SparseView<const Real>() const requires(!std::is_const_v<Real>) { return {offsets, indices, values, rows, columns}; }
};

}  // namespace glissade
