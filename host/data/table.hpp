// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "host/data/feature_hash.hpp"
#include "host/data/input_file.hpp"

namespace glissade {

/// How a column of delimiter-separated text is to be read: `infer` becomes number or text, whichever the cells are.
enum class ColumnUse { skip, infer, number, text };

/// What is known of a text table before its body is read.
struct TableHead {
    std::string file;
    char delimiter = ',';
    bool has_header = false;
    std::vector<std::string> names;                    ///< from the header, else "0", "1", ...
    std::vector<std::vector<std::string>> first_rows;  ///< up to three, for messages
    bool in_memory = false;                            ///< there is no file: cells have no lines, and callers no flags
};

struct ColumnPlan {
    std::vector<ColumnUse> uses;           ///< one a column of the file
    std::int64_t label = -1;               ///< the column of targets, whose numbers are also kept as they were written
    std::set<std::int64_t> booleans = {};  ///< columns of numbers in which the words true and false are 1 and 0
};

/// Decides, when the head of a text table is known, what its columns are for.
using ColumnPlanner = std::function<ColumnPlan(const TableHead&)>;

/// Numbers as they were written where they were first met. Holds at most `most_spellings`.
using Spelling = std::unordered_map<double, std::string>;
constexpr std::size_t most_spellings = 4096;

/// A missing numeric cell. Nothing else in a table is NaN: readers refuse "nan" and "inf" in text.
constexpr double missing_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t missing_code = std::numeric_limits<std::uint32_t>::max();

/// Some consecutive rows of a text table.
struct TextChunk {
    std::int64_t first_row = 0;
    std::int64_t first_line = 1;  ///< line of the file where the chunk begins
    std::int64_t rows = 0;
    std::vector<double> values;        ///< rows x number columns
    std::vector<std::uint32_t> codes;  ///< rows x text columns: places in the dictionary of the column
    std::vector<std::uint32_t> lines;  ///< of each row, counted from first_line
};

struct TextColumn {
    std::string name;
    ColumnUse use = ColumnUse::skip;
    std::int64_t slot = 0;                ///< place in a row of `values` or `codes`
    std::int64_t missing = 0;             ///< empty cells and cells that mean "missing"
    std::int64_t numbers = 0;             ///< cells that are numbers: in a text column, a few at most
    std::vector<std::string> dictionary;  ///< of a text column, in the order first met
};

struct TextTable {
    TableHead head;
    std::vector<TextColumn> columns;  ///< one a column of the file
    std::vector<TextChunk> chunks;
    std::int64_t rows = 0;
    std::int64_t number_columns = 0, text_columns = 0;
    Spelling spelling;  ///< of the label column, where it holds numbers

    const TextChunk& chunk_of(std::int64_t row) const;
    /// The cell as a number: a number, a place in the dictionary, or NaN where it is missing.
    double cell(std::int64_t row, std::int64_t column) const;
    /// `FILE, line 3, column 2 ("age")`; of a table in memory `the table, row 3, column "age"`, rows from 0.
    std::string where(std::int64_t row, std::int64_t column) const;
};

enum class ElementType { boolean, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64 };
std::int64_t element_bytes(ElementType type);

/// A matrix of one element type as it lies in its file.
struct ArrayTable {
    const char* data = nullptr;
    ElementType type = ElementType::f64;
    bool big_endian = false;
    std::int64_t rows = 0, columns = 0;

    /// `count` cells of a row from `column` on, as doubles.
    void read(std::int64_t row, std::int64_t column, std::int64_t count, double* out) const;
    bool may_hold_non_finite() const { return type == ElementType::f32 || type == ElementType::f64; }
};

/// Some consecutive rows of a sparse table: row r of them holds the entries from ends[r - 1] (0 for the first) to ends[r], by strictly
/// ascending column.
struct SparseChunk {
    std::int64_t first_row = 0;
    std::vector<std::int64_t> ends;
    std::vector<std::uint32_t> indices;
    std::vector<double> values;  ///< empty: all of them are 1
};

/// Rows of (column, value) pairs, zeros left out.
struct SparseTable {
    std::vector<SparseChunk> chunks;  ///< none without rows
    std::vector<double> labels;       ///< NaN where a row has none
    std::vector<double> weights;      ///< of each row; empty if the file speaks of none
    std::vector<std::int64_t> lines;  ///< of each row, from 1
    std::int64_t columns = 0;         ///< the largest column met + 1; of hashed features, all there can be
    int hash_bits = 0;                ///< columns are hashed names, 2^hash_bits of them; 0: columns are numbered in the file
    KeyCounts keys;                   ///< of hashed features
    Spelling spelling;                ///< of the labels

    struct Row {
        std::span<const std::uint32_t> indices;
        std::span<const double> values;  ///< empty: all of them are 1
        double value(std::size_t i) const { return values.empty() ? 1 : values[i]; }
    };
    Row row(std::int64_t r) const;
    std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
    std::int64_t entries() const;
};

/// A data file in memory, in the form that suits it.
struct Table {
    std::shared_ptr<const InputFile> file;  ///< kept: the rest may point into it
    std::string format;
    std::variant<TextTable, ArrayTable, SparseTable> content;

    std::int64_t rows() const;
    /// Where a cell stands, for messages. Arrays have no lines: row and column, both from 0.
    std::string where(std::int64_t row, std::int64_t column) const;
};

}  // namespace glissade
