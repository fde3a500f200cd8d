// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/data/load.hpp"
#include "host/data/matrix_source.hpp"
#include "host/data/sparse_source.hpp"

namespace glissade {

/// The affine map a column that standardises the matrix, from the rows trained on: population deviation, a constant column is only
/// shifted. Empty if nothing is to be done. Throws Error(data) on values that are not finite or do not fit `type`. The result does not
/// depend on `threads`.
ColumnAffine standardising_affine(const MatrixSource& source, std::span<const std::int64_t> rows, Toggle mode, RealType type, int threads);

/// The same for the rows of a sparse table, which are divided by the deviation and not shifted, so that what is 0 stays so: with `on`
/// alone.
ColumnAffine scaling_affine(const SparseSource& source, std::span<const std::int64_t> rows, Toggle mode);

/// Numbers beside hashed columns are standardised where they become columns, in `preparation`, for an affine map of all hashed columns
/// would be long: sets their scale and shift, from the rows trained on, and returns the map of the columns of numbers.
ColumnAffine standardise_numbers(const CellReader& cells, std::span<const std::int64_t> rows, const LoadOptions& options,
                                 Preparation& preparation);

/// Mean and population deviation of some values; the deviation of a constant is 1.
struct Moments {
    double mean = 0, deviation = 1;
};
Moments moments_of(const std::vector<double>& values);

/// The rows of share `share` of `shares` about equal ones, in order.
std::span<const std::int64_t> share_of(std::span<const std::int64_t> rows, std::int64_t share, std::int64_t shares);

}  // namespace glissade
