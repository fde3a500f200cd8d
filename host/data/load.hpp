// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/preparation.hpp"
#include "host/data/read_options.hpp"

namespace glissade {

enum class Toggle { automatic, on, off };

/// How files become data sets: the settings of the command line's data flags, with their defaults. Columns are named by name, by 0-based
/// index, or from the end by a negative index.
struct LoadOptions {
    std::string format;             ///< csv, libsvm, vw, npy, idx; empty: found out from the file
    std::optional<char> delimiter;  ///< csv; ' ' means runs of spaces and tabs; none: found out from the file
    HeaderMode header = HeaderMode::automatic;
    std::vector<std::string> na_values;  ///< cells that mean "missing", beside empty ones; a model's own are added to them

    std::optional<std::string> target;      ///< the target column
    std::string target_file;                ///< or a file of targets, one row a row; several columns are several targets
    std::optional<std::string> weight;      ///< column of row weights
    std::string weight_file;                ///< or a file of them
    std::vector<std::string> columns;       ///< features: these columns; empty: all but target and weight
    std::vector<std::string> drop_columns;  ///< features: not these

    std::optional<MissingPolicy> missing;                        ///< none: `error` in training, else as in training
    std::optional<UnknownPolicy> unknown;                        ///< none: `ignore` in training, else as in training
    std::vector<std::pair<std::string, std::string>> map_label;  ///< label in the file -> label meant; a model's own are added

    int hash_bits = 0;                  ///< text, and all features of vw, into 2^hash_bits columns; 0: one-hot text, vw as usual
    Toggle sparse = Toggle::automatic;  ///< rows of libsvm files kept sparse; `automatic`: where that is far smaller

    std::optional<Task> task;  ///< none: from the target column
    Toggle standardize = Toggle::automatic;
    Toggle standardize_target = Toggle::automatic;
    bool loss_standardizes_target = true;  ///< what `automatic` means for a regression target

    std::string validation_file, validation_target_file;
    double validation_fraction = 0;  ///< of the rows, picked by `seed`, held out
    std::uint64_t seed = 0;

    RealType real_type = RealType::float32;
    int threads = 1;
    std::int64_t memory_limit_bytes = std::numeric_limits<std::int64_t>::max();
    bool memory_limit_is_asked_for = false;  ///< then a dense form that is asked for may be as large, else as `most_dense_bytes`
};

/// What training leaves behind for whoever reads data for its model.
struct ModelContract {
    Preparation preparation;
    ColumnAffine input;  ///< what standardisation does to a row of the matrix; empty: nothing
    Task task = Task::regression;
    std::vector<std::string> class_labels;           ///< of classes 0, 1, ..., or the names of the labels that a row may have
    std::vector<double> target_scale, target_shift;  ///< one a regression target: y = y_in_dataset * scale + shift
    bool multi_label = false;                        ///< rows have several labels, each 0 or 1
};

/// Data sets ready to train on: `train` and `validation` hold standardised features and targets (computed in double, rounded once).
struct PreparedData {
    Dataset train;
    std::optional<Dataset> validation;
    ModelContract contract;
    std::vector<std::string> notes;  ///< one line each: what was found out and decided
    std::string fingerprint;         ///< XXH3-128, in hex, over shape, names and values of both data sets
};

/// Reads a training file. Whether a column holds numbers or text comes from the whole file, the classes from all rows that are used;
/// categories, indicators of missing cells and every statistic come from the rows trained on alone. Result and errors do not depend on
/// `threads`. Throws Error(usage) for options that do not fit the file (no target: with its first rows), Error(data) with file, line and
/// column for faults in it, Error(memory) before the limit is passed, Error(io).
PreparedData load_training(const std::string& path, const LoadOptions& options);

struct LoadedData {
    Dataset data;
    std::vector<std::string> notes;
};

/// Reads a file for a trained model, prepared and standardised as in training; header and delimiter are the training file's where the
/// options leave them open. Columns are matched by name where both files have headers, else by position. Without `target_required` no
/// target is read and the data set has none. Rows are in the file's order; with the policy `drop`, rows with missing cells are left out
/// if targets are read and an error if not. Throws as load_training; a label not seen in training is Error(data).
LoadedData load_for_model(const std::string& path, const LoadOptions& options, const ModelContract& contract, bool target_required);

}  // namespace glissade
