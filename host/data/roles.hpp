// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/data/load.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// What each column of a file is for, by position.
struct Roles {
    std::vector<std::int64_t> features;
    std::vector<std::int64_t> targets;  ///< in the order in which they were named
    std::optional<std::int64_t> weight;
};

/// The position of a column given by name, 0-based index, or index from the end. Throws Error(usage) with the columns there are.
std::int64_t find_column(const TableHead& head, const std::string& wanted, const std::string& flag);

/// Throws Error(usage) where the flags do not fit the file; without a target, with the first rows, names and indices.
Roles training_roles(const TableHead& head, const LoadOptions& options);

/// Finds the columns of a trained model in another file: by name where both have headers, else by position where the number of columns
/// leaves no doubt. Throws Error(data) if one is missing, if it cannot be told which columns are which, or if the target is a feature.
Roles model_roles(const TableHead& head, const LoadOptions& options, const Preparation& preparation, bool target_required);

}  // namespace glissade
