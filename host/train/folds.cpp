// SPDX-License-Identifier: Apache-2.0
#include "host/train/folds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "glissade/error.hpp"
#include "glissade/random.hpp"

namespace glissade {

namespace {

std::vector<std::size_t> classes_of_rows(const Dataset& data, Task task) {
    std::vector<std::size_t> classes(static_cast<std::size_t>(data.rows()), 0);
    if (task != Task::classification || data.target_count() > 1) return classes;
    const auto copy = [&](auto targets) {
        std::transform(targets.begin(), targets.end(), classes.begin(), [](auto y) { return static_cast<std::size_t>(y); });
    };
    data.real_type() == RealType::float32 ? copy(data.targets<float>()) : copy(data.targets<double>());
    return classes;
}

/// All rows in an order drawn by `seed`.
std::vector<std::size_t> drawn_order(std::int64_t rows, std::uint64_t seed) {
    std::vector<std::size_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<std::uint64_t> keys(order.size());
    for (std::size_t r = 0; r < keys.size(); ++r) keys[r] = Philox::word64(seed, static_cast<std::uint64_t>(RandomStream::folds), r);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::pair(keys[a], a) < std::pair(keys[b], b); });
    return order;
}

}  // namespace

void check_folds(std::int64_t folds, std::int64_t rows) {
    if (folds == 0) return;
    if (folds < 2 || folds > rows)
        fail(ErrorKind::usage,
             "folds = " + std::to_string(folds) + " must be from 2 to the number of rows, " + std::to_string(rows) + ", or 0 for none");
}

std::vector<std::int32_t> assign_folds(const Dataset& data, Task task, std::int64_t folds, std::uint64_t seed) {
    const std::vector<std::size_t> classes = classes_of_rows(data, task);
    std::vector<std::int64_t> next(*std::max_element(classes.begin(), classes.end()) + 1, 0);
    for (const std::size_t c : classes) ++next[c];
    // Each class is dealt out where the one before it ended, so that the folds' sizes stay even too.
    std::exclusive_scan(next.begin(), next.end(), next.begin(), std::int64_t{0});
    std::vector<std::int32_t> fold_of_row(classes.size());
    for (const std::size_t row : drawn_order(data.rows(), seed)) fold_of_row[row] = static_cast<std::int32_t>(next[classes[row]]++ % folds);
    return fold_of_row;
}

std::vector<FoldSummary> summary_of(const std::vector<Metrics>& folds) {
    std::vector<FoldSummary> summaries;
    if (folds.empty()) return summaries;
    const auto count = static_cast<double>(folds.size());
    for (const auto& [name, unused] : folds[0].list()) {
        std::vector<double> values;
        for (const Metrics& fold : folds)
            for (const auto& [other, value] : fold.list())
                if (other == name) values.push_back(value);
        if (values.size() != folds.size()) continue;
        FoldSummary summary{name};
        summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
        for (const double value : values) summary.deviation += (value - summary.mean) * (value - summary.mean);
        summary.deviation = std::sqrt(summary.deviation / count);
        summaries.push_back(summary);
    }
    return summaries;
}

}  // namespace glissade
