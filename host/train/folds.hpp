// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/metrics.hpp"

namespace glissade {

/// Throws Error(usage) unless so many folds can be made of the rows.
void check_folds(std::int64_t folds, std::int64_t rows);

/// The fold of each row, 0 ... folds - 1: a draw by `seed` that gives folds whose sizes, in all and of each class, differ by one at most.
std::vector<std::int32_t> assign_folds(const Dataset& data, Task task, std::int64_t folds, std::uint64_t seed);

/// Mean and deviation (of the values themselves, divided by their number, as scikit-learn has it) of a metric over folds.
struct FoldSummary {
    std::string name;
    double mean = 0, deviation = 0;
};
/// Of each metric that every fold has, `loss` first.
std::vector<FoldSummary> summary_of(const std::vector<Metrics>& folds);

}  // namespace glissade
