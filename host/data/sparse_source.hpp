// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "glissade/preparation.hpp"
#include "host/data/matrix_source.hpp"
#include "host/data/table.hpp"

namespace glissade {

struct SparseEntry {
    std::uint32_t column = 0;
    double value = 0;
};

struct SparseRow {
    std::vector<SparseEntry> entries;  ///< by strictly ascending column
    std::vector<double> cells;         ///< scratch of whoever reads
};

/// A file's features as the sparse rows that a model reads, before standardisation; what is 0 after it is left out. Safe to read from
/// several threads. The table must outlive it.
class SparseSource {
public:
    virtual ~SparseSource() = default;
    virtual std::int64_t columns() const = 0;
    virtual void read(std::int64_t row, SparseRow& out) const = 0;
    /// How many entries that are.
    virtual std::int64_t count(std::int64_t row, SparseRow& scratch) const = 0;
    /// What standardisation does to the first columns, `x * scale + shift`; those behind have none.
    virtual const ColumnAffine& affine() const = 0;
    /// Where a value stands in the file, for messages.
    virtual std::string where(std::int64_t row, std::int64_t column) const = 0;
};

/// The rows of a sparse table as a matrix of `columns` columns, whose entries are scaled as `affine` says (its shifts are 0).
std::unique_ptr<SparseSource> sparse_rows(const Table& table, std::int64_t columns, const ColumnAffine& affine);

/// The rows of a table whose text is hashed: the columns of numbers first, then 2^hash_bits hashed ones.
std::unique_ptr<SparseSource> hashed_rows(CellReader cells, const Preparation& preparation);

/// How many different cells the hashed columns of a file hold, and how many columns of the matrix they fill.
KeyCounts count_hashed_cells(const CellReader& cells, const Preparation& preparation);

}  // namespace glissade
