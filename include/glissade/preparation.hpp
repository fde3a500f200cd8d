// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/export.hpp"

namespace glissade {

inline constexpr int most_hash_bits = 30;

enum class ColumnKind { numeric, categorical, hashed };
enum class MissingPolicy { error, drop, mean, indicator };
enum class UnknownPolicy { ignore, error };

/// One column of the user's file that feeds the model, and how it becomes one or more columns of the matrix:
/// numeric -> one column (+ one 0/1 column if `has_indicator`); categorical -> one 0/1 column a category (a missing cell is a category
/// of its own, named "?", where the policy is `indicator`); hashed -> 1 or -1 in one of the hashed columns that all such columns share, for
/// a missing cell as for an empty text.
struct SourceColumn {
    std::string name;
    std::int64_t position = 0;  ///< 0-based, in the training file: finds the column in files without a header
    ColumnKind kind = ColumnKind::numeric;
    bool has_indicator = false;
    double fill = 0;  ///< what a missing cell becomes: numeric, the training mean; categorical, the index of the commonest category
    std::vector<std::string> categories;
    double scale = 1, shift = 0;  ///< numeric, beside hashed columns: a number enters as x * scale + shift
    bool is_boolean = false;      ///< numeric: 1 and 0 stand for true and false, which are the words of files
};

/// How the columns of a file become the columns of the matrix that a model reads. Part of the model file, so that prediction
/// repeats it exactly. `columns` is empty for models trained on a plain matrix (libsvm, vw, npy, idx), used as it lies.
struct GLISSADE_EXPORT Preparation {
    std::vector<SourceColumn> columns;  ///< in the order of the matrix
    std::int64_t file_columns = 0;      ///< columns of the training file, target and weight included; of a plain matrix, its width
    MissingPolicy missing = MissingPolicy::error;
    UnknownPolicy unknown = UnknownPolicy::ignore;
    std::vector<std::string> na_values;                          ///< cells that mean "missing"
    std::vector<std::pair<std::string, std::string>> map_label;  ///< label as in the file -> label as in the model
    std::string format;                                          ///< csv, libsvm, vw, npy or idx
    bool sparse = false;                                         ///< the rows are kept sparse
    int hash_bits = 0;                                           ///< 2^hash_bits columns, behind those of numbers, are hashed; 0: none
    bool has_header = false;
    char delimiter = ',';                   ///< csv only; ' ' means runs of white space
    std::vector<std::string> target_names;  ///< names (or positions, as text) of the target columns; empty if they lay in their own file
    std::vector<std::int64_t> target_positions;  ///< of those columns in the training file

    /// One name a matrix column: "age", "age missing", "workclass=Private". Empty for a plain matrix, and where text is hashed.
    std::vector<std::string> feature_names() const;
    /// Width of the matrix that the model reads.
    std::int64_t matrix_columns() const;
};

}  // namespace glissade
