// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "glissade/matrix_view.hpp"
#include "glissade/sparse_view.hpp"

/// What dense and sparse data sets share of their memory.
namespace glissade::storage {

inline constexpr std::int64_t line_bytes = 64;

/// a * b + c for sizes; Error(memory) instead of wrapping round.
std::int64_t checked_size(std::int64_t a, std::int64_t b, std::int64_t c);
std::int64_t round_up(std::int64_t value, std::int64_t unit);

/// Zeroed memory, aligned to cache lines. Large blocks come straight from the kernel, so that pages are first touched, and placed, by
/// the threads that fill them.
std::shared_ptr<void> allocate_zeroed(std::int64_t bytes);

/// Throws Error(internal) if `type` is not that of Real.
template <class Real>
void require_type(RealType type);

/// Throws Error(data) if so many targets or weights do not go with so many rows.
void check_counts(std::int64_t rows, std::int64_t target_values, std::int64_t weight_values);

/// Throws Error(data) naming the row unless the offsets ascend and the indices of each row ascend strictly and stay below `columns`. Cost:
/// one pass over the indices.
template <class Real>
void check_structure(const SparseView<Real>& x, const char* what);

}  // namespace glissade::storage
