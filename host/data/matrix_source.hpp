// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "glissade/preparation.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// What automatic standardisation does to a column of the matrix.
enum class ScalingRule {
    none,     ///< one-hot, 0/1, libsvm
    z_score,  ///< real columns (those that hold only 0 and 1 aside)
    bytes,    ///< 0 ... 255 -> 0 ... 1
};

/// A file's features as the matrix that a model reads, before standardisation, row by row in double precision. Safe to read from
/// several threads. The table must outlive it.
class MatrixSource {
public:
    virtual ~MatrixSource() = default;
    virtual std::int64_t columns() const = 0;
    /// The rows `rows[0], rows[1], ...` into `out`, rows.size() x columns().
    virtual void read(std::span<const std::int64_t> rows, double* out) const = 0;
    virtual ScalingRule rule(std::int64_t column) const = 0;
    /// Where a value stands in the file, for messages.
    virtual std::string where(std::int64_t row, std::int64_t column) const = 0;
};

/// The cells of some columns of a text table or an array, as numbers (places in the dictionary for text, NaN where missing).
class CellReader {
public:
    CellReader(const Table& table, std::vector<std::int64_t> positions);
    void read(std::int64_t row, double* cells) const;
    const std::vector<std::int64_t>& positions() const { return positions_; }
    const Table& table() const { return table_; }

private:
    /// Columns that stand side by side in the table, as they do in an array file, are read together.
    struct Run {
        std::int64_t first = 0, count = 0;
    };
    /// Where a chunk of a text file has a column.
    struct Slot {
        bool is_number = false;
        std::int64_t place = 0;
    };
    const Table& table_;
    std::vector<std::int64_t> positions_;
    std::vector<Run> runs_;    ///< of an array file
    std::vector<Slot> slots_;  ///< of a text file
};

/// Named columns: numbers, fills, indicators, one-hot categories.
std::unique_ptr<MatrixSource> prepared_source(CellReader cells, const Preparation& preparation);

/// A whole array or sparse table of `columns` columns, as it lies.
std::unique_ptr<MatrixSource> plain_source(const Table& table, std::int64_t columns);

/// For a categorical column: the category of each word of the file's dictionary, -1 for one not known.
std::vector<std::int32_t> categories_of_words(const TextColumn& column, const SourceColumn& known);

/// Throws Error(data), naming the place, for the first value of these rows that is not finite or does not fit `type`.
void refuse_unusable(const MatrixSource& source, std::span<const std::int64_t> rows, const double* values, RealType type);

/// Calls `use(rows, values)` for consecutive blocks of `rows`, of a size that depends on the number of columns alone.
void for_each_block(const MatrixSource& source, std::span<const std::int64_t> rows,
                    const std::function<void(std::span<const std::int64_t>, const double*)>& use);

}  // namespace glissade
