// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/data/load.hpp"
#include "host/data/loaded_table.hpp"
#include "host/data/memory_budget.hpp"

namespace glissade {

/// A column of a table in memory. Its numbers and codes are the caller's.
struct MemoryColumn {
    std::string name;
    std::int64_t position = 0;  ///< in the table that it comes from, from 0
    bool is_text = false;
    bool is_boolean = false;              ///< numbers that stand for true and false
    std::span<const double> numbers;      ///< one a row, NaN where the cell is missing
    std::span<const std::int32_t> codes;  ///< of text: a place in `words` a row, below 0 where the cell is missing
    std::vector<std::string> words;       ///< as in a file, blanks round a word are no part of it, and an empty one is a missing cell
};

/// The features of a table in memory, and targets and weights of its rows where there are any.
struct MemoryTable {
    std::vector<MemoryColumn> columns;
    std::int64_t rows = 0;
    bool has_names = false;        ///< else the columns are known by their positions
    std::int64_t all_columns = 0;  ///< of the table that they come from, target and weight included
    std::vector<std::string> target_names;
    std::vector<std::int64_t> target_positions;
    std::vector<double> targets;  ///< rows x target_count, in the user's units
    std::int64_t target_count = 0;
    std::vector<double> weights;

    /// Throws Error(data) where sizes disagree or a code has no word.
    void check() const;
    /// As a file's header would name the column: without blanks round it, and by its position if nothing is left.
    std::string name_of(const MemoryColumn& column) const;
};

/// Learns how the columns become those of a matrix, or of sparse rows, and makes it, by the rules for files. Of the options missing,
/// unknown, hash_bits, real_type, threads and the memory limit count. Nothing is standardised; task and class labels are left to the
/// caller. Throws Error(data) that names row and column, and Error(memory) before the limit is passed.
LoadedData learn_table(const MemoryTable& table, const LoadOptions& options);

/// Rows for a model, prepared and standardised as the contract says; of the options also missing and unknown are the contract's where they
/// are left open, and what was a missing cell in the model's file is one here. Columns are found by name, in any order and
/// beside others, where both sides have names; else by position. With the policy `drop`, rows with missing cells are left out if there are
/// targets, and an error if not. Throws as learn_table.
LoadedData table_for_model(const MemoryTable& table, const LoadOptions& options, const ModelContract& contract);

/// A column of a table in memory and what it is read as. One that holds nothing but missing cells may be read as either.
struct TakenColumn {
    const MemoryColumn* from = nullptr;
    bool is_text = false;
};

/// The columns of a table that has been checked as a reader of files would leave them; texts and numbers among `na_values` are missing
/// cells. Throws Error(data) for words that are not UTF-8 and names that come twice.
LoadedTable loaded_table(const MemoryTable& table, std::span<const TakenColumn> columns, const std::vector<std::string>& na_values,
                         int threads, MemoryBudget& budget);

}  // namespace glissade
