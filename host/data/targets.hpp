// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/data/load.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// What the user wrote as targets, one or more a row of the data file.
struct TargetColumn {
    std::int64_t count = 1;      ///< targets a row
    std::vector<double> values;  ///< rows x count: numbers, or places in `words`; NaN where missing
    bool holds_words = false;
    bool holds_booleans = false;
    std::vector<std::string> words;
    Spelling spelling;                  ///< of numbers, as they were written
    std::vector<std::string> names;     ///< of several targets: their columns', from a header if `is_named`
    std::vector<std::int64_t> columns;  ///< of several targets: where they stand
    bool is_named = false;

    std::shared_ptr<const Table> table;  ///< where they stand
    std::int64_t first_column = 0;

    std::string where(std::int64_t row) const;
    std::string where(std::int64_t row, std::int64_t target) const;  ///< of one of several
    /// Of several with names of a header: in the order of `wanted`, if these are the same names. Throws Error(data) if only some are.
    void order_as(const std::vector<std::string>& wanted);
    std::string label(std::int64_t row) const;  ///< as the user wrote it
};

/// Throws Error(data) that begins with where the row stands.
[[noreturn]] void fail_at(const TargetColumn& target, std::int64_t row, const std::string& message);

/// The targets in a column of the data file itself (of libsvm: the labels), in several, all of them numbers, or in a file of their own of
/// `rows` rows.
TargetColumn targets_in_table(std::shared_ptr<const Table> table, std::optional<std::int64_t> column);
TargetColumn several_targets(std::shared_ptr<const Table> table, const std::vector<std::int64_t>& columns);
TargetColumn targets_in_file(const std::string& path, const LoadOptions& options, MemoryBudget& budget, const Table& data);

/// The weights that a sparse table carries.
TargetColumn weights_in_table(std::shared_ptr<const Table> table);

/// Replaces labels by what they mean; words that are all numbers then become numbers.
void map_labels(TargetColumn& target, const std::vector<std::pair<std::string, std::string>>& map);

/// Classes or numbers? What `asked` says, else by the values; `why` tells. Several targets a row are labels, yes or no, if they are
/// classes.
Task decide_task(const TargetColumn& target, std::span<const std::int64_t> rows, std::optional<Task> asked, std::string& why);

/// The classes in order: by value if all labels are numbers, else by text. Throws Error(data) for fractions and for a single class.
std::vector<std::string> learn_classes(const TargetColumn& target, std::span<const std::int64_t> rows);

/// The index of each row's class. Throws Error(data), naming the line and the label, for one that is not in `class_labels`.
std::vector<double> class_indices(const TargetColumn& target, std::span<const std::int64_t> rows,
                                  const std::vector<std::string>& class_labels);

/// Of rows of several labels, 1 for each that the row has and 0 for the others, rows.size() x count. Throws Error(data), naming the line,
/// for other targets, and for other than `labels` targets a row.
std::vector<double> label_values(const TargetColumn& target, std::span<const std::int64_t> rows, std::size_t labels);

/// The targets of each row as numbers, rows.size() x count. Throws Error(data) if one is missing, a word, not finite or too large for
/// `type`.
std::vector<double> regression_values(const TargetColumn& target, std::span<const std::int64_t> rows, RealType type);

/// Row weights: numbers >= 0 that fit `type`, of the rows asked for. Throws Error(data) otherwise, and if all are 0.
std::vector<double> row_weights(const TargetColumn& weights, std::span<const std::int64_t> rows, RealType type);

}  // namespace glissade
