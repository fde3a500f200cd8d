// SPDX-License-Identifier: Apache-2.0
#include "host/train/standardization.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "host/data/device_memory.hpp"

namespace glissade {

namespace {

/// Mean and population deviation of `count` values that `value(i)` gives, in two passes; a deviation of 0 counts as 1.
template <class F>
std::pair<double, double> moments(std::int64_t count, F&& value) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += value(i);
    const double mean = sum / static_cast<double>(count);
    for (std::int64_t i = 0; i < count; ++i) squares += (value(i) - mean) * (value(i) - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(count));
    return {mean, deviation > 0 ? deviation : 1.0};
}

}  // namespace

template <class Real>
void standardize_columns(const Dataset& data, TrainingRows<Real>& rows) {
    std::vector<double> sum(static_cast<std::size_t>(data.columns()), 0.0), squares(sum);
    const auto column_means = [&](auto&& term, std::vector<double>& out) {  // row by row, so that memory is read in order
        device_memory::visit_rows<Real>(data, [&](MatrixView<const Real> x) {
            for (std::int64_t r = 0; r < x.rows; ++r)
                for (std::int64_t j = 0; j < x.columns; ++j)
                    out[static_cast<std::size_t>(j)] += term(x.row(r)[j], static_cast<std::size_t>(j));
        });
        for (double& value : out) value /= static_cast<double>(data.rows());
    };
    column_means([](Real v, std::size_t) { return static_cast<double>(v); }, sum);
    column_means([&](Real v, std::size_t j) { return (v - sum[j]) * (v - sum[j]); }, squares);
    for (std::size_t j = 0; j < sum.size(); ++j) {
        const double deviation = std::sqrt(squares[j]);
        rows.applied.scale.push_back(deviation > 0 ? 1 / deviation : 1);
        rows.applied.shift.push_back(-sum[j] * rows.applied.scale[j]);
    }
}

template <class Real>
void scale_columns(const Dataset& data, TrainingRows<Real>& rows) {
    const SparseView<const Real> x = data.sparse<Real>();
    const auto columns = static_cast<std::size_t>(x.columns);
    std::vector<double> mean(columns, 0.0), squares(columns, 0.0), stored(columns, 0.0);
    const std::int64_t begin = x.offsets[0], end = x.offsets[x.rows];
    for (std::int64_t k = begin; k < end; ++k) mean[x.indices[k]] += static_cast<double>(x.values[k]);
    for (double& value : mean) value /= static_cast<double>(x.rows);
    for (std::int64_t k = begin; k < end; ++k) {
        const double off = static_cast<double>(x.values[k]) - mean[x.indices[k]];
        squares[x.indices[k]] += off * off;
        stored[x.indices[k]] += 1;
    }
    for (std::size_t j = 0; j < columns; ++j) {
        const double zeros = static_cast<double>(x.rows) - stored[j];
        const double deviation = std::sqrt((squares[j] + zeros * mean[j] * mean[j]) / static_cast<double>(x.rows));
        rows.applied.scale.push_back(deviation > 0 ? 1 / deviation : 1);
    }
    rows.applied.shift.assign(columns, 0.0);
}

template <class Real>
void standardize_targets(const Dataset& data, TrainingRows<Real>& rows) {
    const auto targets = data.targets<Real>();
    const std::int64_t count = data.target_count();
    rows.targets.resize(targets.size());
    for (std::int64_t t = 0; t < count; ++t) {
        const auto [mean, deviation] =
            moments(data.rows(), [&](std::int64_t i) { return static_cast<double>(targets[static_cast<std::size_t>(i * count + t)]); });
        for (std::int64_t i = 0; i < data.rows(); ++i) {
            const auto at = static_cast<std::size_t>(i * count + t);
            rows.targets[at] = static_cast<Real>((targets[at] - mean) / deviation);
        }
        const auto at = static_cast<std::size_t>(t);  // compose with what the data set had already undergone
        rows.target_shift[at] += mean * rows.target_scale[at];
        rows.target_scale[at] *= deviation;
    }
}

template void standardize_columns(const Dataset&, TrainingRows<float>&);
template void standardize_columns(const Dataset&, TrainingRows<double>&);
template void scale_columns(const Dataset&, TrainingRows<float>&);
template void scale_columns(const Dataset&, TrainingRows<double>&);
template void standardize_targets(const Dataset&, TrainingRows<float>&);
template void standardize_targets(const Dataset&, TrainingRows<double>&);

}  // namespace glissade
