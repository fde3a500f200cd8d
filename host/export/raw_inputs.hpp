// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/model.hpp"

namespace glissade {

/// What a cell without a value of its own becomes.
inline constexpr std::int64_t no_category = -1;  ///< none of the 0/1 columns is 1
inline constexpr std::int64_t refused = -2;      ///< the row has no prediction: NaN

/// A column of the user's file as an exported model takes it, and the features that it becomes.
struct RawInput {
    std::string name;
    bool is_text = false;
    std::int64_t feature = 0;     ///< of the number, or of the first category
    std::int64_t indicator = -1;  ///< numbers: the feature that says whether it was missing; -1: none
    bool has_fill = false;        ///< numbers: whether a missing one is filled in, with `fill`
    double fill = 0;
    std::vector<std::string> categories;
    std::vector<std::string> missing_words;  ///< text that means "missing", the empty one first
    std::int64_t missing_category = 0;       ///< what it becomes: a category, no_category or refused
    std::int64_t unknown_category = 0;       ///< what other text becomes: no_category or refused
};

/// The columns that a model's features are made from, in the order of the file; none for a model that was trained on a matrix, whose
/// features are given as they are. What `glissade predict` refuses, as a missing cell where the model has no rule for it, is `refused`
/// here.
std::vector<RawInput> raw_inputs(const Model& model);

/// Name of a feature: as the model has it, else its index.
std::string feature_name(const Model& model, std::int64_t feature);

/// What an output of the model speaks for: a class, of two classes the second, or a target; empty for the only target.
std::string output_name(const Model& model, std::int64_t output);

}  // namespace glissade
