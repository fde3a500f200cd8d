// SPDX-License-Identifier: Apache-2.0
// Targets and weights as numbers of a data set.
#include <algorithm>
#include <cmath>

#include "host/data/format.hpp"
#include "host/data/number.hpp"
#include "host/data/targets.hpp"

namespace glissade {

std::vector<double> label_values(const TargetColumn& target, std::span<const std::int64_t> rows, std::size_t labels) {
    if (static_cast<std::size_t>(target.count) != labels) {
        fail(ErrorKind::data, target.table->file->name() + " has " + std::to_string(target.count) + " targets a row, the model knows " +
                                  std::to_string(labels) + " labels");
    }
    std::vector<double> values;
    values.reserve(rows.size() * labels);
    for (const std::int64_t row : rows)
        for (std::int64_t t = 0; t < target.count; ++t) {
            const double value = target.values[static_cast<std::size_t>(row * target.count + t)];
            const std::string& name = target.names[static_cast<std::size_t>(t)];
            const auto refuse = [&](const std::string& why) {
                fail(ErrorKind::data, target.where(row, t) + ": the target " + quoted(name) + " is " + why);
            };
            if (std::isnan(value)) refuse("missing");
            if (value != 0 && value != 1) refuse(shortest_text(value) + ", but labels are 0 or 1");
            values.push_back(value);
        }
    return values;
}

std::vector<double> regression_values(const TargetColumn& target, std::span<const std::int64_t> rows, RealType type) {
    std::vector<double> values;
    values.reserve(rows.size() * static_cast<std::size_t>(target.count));
    for (const std::int64_t row : rows) {
        if (target.holds_words && !std::isnan(target.values[static_cast<std::size_t>(row * target.count)]))
            fail_at(target, row, "the target " + quoted(target.label(row)) + " is not a number; regression needs numbers");
        for (std::int64_t t = 0; t < target.count; ++t) {
            const double value = target.values[static_cast<std::size_t>(row * target.count + t)];
            const std::string why = std::isnan(value) ? "is missing" : why_unusable(value, type);
            if (!why.empty()) fail(ErrorKind::data, target.where(row, t) + ": the target " + why);
            values.push_back(value);
        }
    }
    return values;
}

std::vector<double> row_weights(const TargetColumn& weights, std::span<const std::int64_t> rows, RealType type) {
    std::vector<double> values;
    values.reserve(rows.size());
    if (weights.count != 1) fail(ErrorKind::data, weights.table->file->name() + ": weights take one column");
    for (const std::int64_t row : rows) {
        const double value = weights.values[static_cast<std::size_t>(row)];
        if (std::isnan(value)) fail_at(weights, row, "the weight is missing");
        if (weights.holds_words) fail_at(weights, row, "the weight " + quoted(weights.label(row)) + " is not a number");
        if (!std::isfinite(value) || value < 0)
            fail_at(weights, row, "the weight is " + shortest_text(value) + "; weights are finite and not negative");
        if (const std::string why = why_unusable(value, type); !why.empty()) fail_at(weights, row, "the weight " + why);
        values.push_back(value);
    }
    if (std::all_of(values.begin(), values.end(), [](double w) { return w == 0; }))
        fail(ErrorKind::data, weights.table->file->name() + ": all weights are 0");
    return values;
}

}  // namespace glissade
