// SPDX-License-Identifier: Apache-2.0
#include "host/train/data_checks.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/data/dataset_storage.hpp"
#include "host/data/device_memory.hpp"
#include "host/data/parallel.hpp"
#include "host/train/field_checks.hpp"

namespace glissade {

namespace {

std::string at_row(const std::string& what, std::int64_t row) {
    return what + ", row " + std::to_string(row + 1);
}

[[noreturn]] void refuse_value(const std::string& what, std::int64_t row, std::int64_t column) {
    fail(ErrorKind::data, at_row(what, row) + ", column " + std::to_string(column + 1) + ": the value is not finite");
}

/// Whether one of `count` values is not finite, by its bits: an exponent of ones alone carries into the sign. Blocks of a fixed length are
/// taken many values at a time, where a sum of floating point is added value by value.
template <class Real>
bool any_not_finite(const Real* values, std::int64_t count) {
    using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits lowest = Bits(1) << (std::numeric_limits<Real>::digits - 1);  // bit of the exponent
    constexpr Bits sign = Bits(1) << (8 * sizeof(Bits) - 1);
    constexpr std::int64_t block = 64;
    const auto carried = [](Real value) { return (std::bit_cast<Bits>(value) & (sign - lowest)) + lowest; };
    Bits found = 0;
    std::int64_t i = 0;
    for (; i + block <= count; i += block) {
        Bits of_block = 0;
        for (std::int64_t j = 0; j < block; ++j) of_block |= carried(values[i + j]);
        found |= of_block;
    }
    for (; i < count; ++i) found |= carried(values[i]);
    return (found & sign) != 0;
}

/// The first row of [begin, end) with a value that is not finite, or -1. Rows without gaps are looked at several at once.
template <class Real>
std::int64_t first_bad_row(MatrixView<const Real> x, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t values_at_once = 4096;
    const std::int64_t at_once =
        x.stride == x.columns ? std::max<std::int64_t>(1, values_at_once / std::max<std::int64_t>(1, x.columns)) : 1;
    for (std::int64_t r = begin; r < end; r += at_once) {
        const std::int64_t last = std::min(end, r + at_once);
        if (!any_not_finite(x.row(r), (last - r) * x.columns)) continue;
        for (std::int64_t i = r; i < last; ++i)
            if (any_not_finite(x.row(i), x.columns)) return i;
    }
    return -1;
}

template <class Real>
void check_targets(const Dataset& data, const ModelSpec& spec, const std::string& what) {
    const auto targets = data.targets<Real>();
    const std::int64_t per_row = data.target_count();
    const auto classes = static_cast<double>(spec.class_count());
    const bool regression = spec.loss.kind() == LossKind::regression;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const double y = targets[i];
        const std::int64_t row = static_cast<std::int64_t>(i) / per_row;
        if (!std::isfinite(y)) fail(ErrorKind::data, at_row(what, row) + ": the target is not finite");
        if (regression) {
            if (!spec.loss.takes_target(y))
                fail(ErrorKind::data, at_row(what, row) + ": target " + std::to_string(y) + " is not " +
                                          (spec.loss.targets() == TargetRange::positive ? "above 0" : "at least 0") + " (loss " +
                                          std::string(spec.loss.name()) + ")");
            continue;
        }
        if (spec.multi_label) {
            if (y != 0 && y != 1)
                fail(ErrorKind::data, at_row(what, row) + ": target " + std::to_string(y) + " is not 0 or 1 (a label of several)");
            continue;
        }
        if (!is_class_index(y, classes))
            fail(ErrorKind::data, at_row(what, row) + ": target " + std::to_string(y) + " is not a class index from 0 to " +
                                      std::to_string(static_cast<int>(classes) - 1) + " (loss " + std::string(spec.loss.name()) + ")");
    }
}

template <class Real>
void check_weights(const Dataset& data, const std::string& what) {
    const auto weights = data.weights<Real>();
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!std::isfinite(weights[i]) || weights[i] < 0)
            fail(ErrorKind::data,
                 at_row(what, static_cast<std::int64_t>(i)) + ": weight " + std::to_string(weights[i]) + " is not a finite number >= 0");
        sum += weights[i];
    }
    if (!weights.empty() && sum <= 0) fail(ErrorKind::data, what + ": every row weight is 0");
}

template <class Real>
void check_scorable_as(const Dataset& data, const ModelSpec& spec, const std::string& what) {
    if (data.place())
        check_features(data.device_features(), *data.place(), what);
    else
        data.is_sparse() ? check_features(data.sparse<Real>(), what) : check_features(data.features<Real>(), what);
    if (data.has_targets()) check_targets<Real>(data, spec, what);
    if (data.has_weights()) check_weights<Real>(data, what);
}

}  // namespace

template <class Real>
void check_features(MatrixView<const Real> x, const std::string& what) {
    constexpr std::int64_t values_a_thread = 1 << 20;
    const std::int64_t threads = std::clamp<std::int64_t>(x.rows * x.columns / values_a_thread, 1,
                                                          std::min<std::int64_t>(usable_processors(), std::max<std::int64_t>(1, x.rows)));
    std::vector<std::int64_t> found(static_cast<std::size_t>(threads), -1);
    parallel_for(threads, static_cast<int>(threads), [&](std::int64_t t) {
        found[static_cast<std::size_t>(t)] = first_bad_row(x, x.rows * t / threads, x.rows * (t + 1) / threads);
    });
    for (const std::int64_t row : found) {
        if (row < 0) continue;
        for (std::int64_t j = 0; j < x.columns; ++j)
            if (!std::isfinite(x.row(row)[j])) refuse_value(what, row, j);
    }
}

void check_features(MatrixView<const float> x, const DevicePlace& place, const std::string& what) {
    const std::int64_t found = device_memory::first_not_finite(x, place);
    if (found >= 0) refuse_value(what, found / x.columns, found % x.columns);
}

template <class Real>
void check_features(const SparseView<const Real>& x, const std::string& what) {
    storage::check_structure(x, what.c_str());
    for (std::int64_t r = 0; r < x.rows; ++r)
        for (std::int64_t k = x.offsets[r]; k < x.offsets[r + 1]; ++k)
            if (!std::isfinite(x.values[k])) refuse_value(what, r, x.indices[k]);
}

void check_scorable(const Dataset& data, const ModelSpec& spec, const std::string& what) {
    check_fields(data, what);
    if (data.columns() != spec.features)
        fail(ErrorKind::data, what + " has " + std::to_string(data.columns()) + " columns, the model " + std::to_string(spec.features));
    const std::int64_t targets = spec.target_count();
    if (data.has_targets() && data.target_count() != targets)
        fail(ErrorKind::data,
             what + " has " + std::to_string(data.target_count()) + " targets a row, the model " + std::to_string(targets));
    data.real_type() == RealType::float32 ? check_scorable_as<float>(data, spec, what) : check_scorable_as<double>(data, spec, what);
}

void check_same_input(const Dataset& data, const ColumnAffine& input, const std::string& what) {
    const auto at = [](const std::vector<double>& values, std::size_t j, double otherwise) {
        return values.empty() ? otherwise : values[j];
    };
    for (std::size_t j = 0; j < static_cast<std::size_t>(data.columns()); ++j) {
        if (at(data.input.scale, j, 1) == at(input.scale, j, 1) && at(data.input.shift, j, 0) == at(input.shift, j, 0)) continue;
        fail(ErrorKind::data, what + ", column " + std::to_string(j + 1) +
                                  ": it is standardised otherwise than the columns that the model is trained on, so their numbers mean "
                                  "different things; prepare both with the training data's standardisation, or neither");
    }
}

void check_same_classes(const Dataset& data, const std::vector<std::string>& class_labels, const std::string& what) {
    if (!data.class_labels.empty() && data.class_labels != class_labels)
        fail(ErrorKind::data, what + " names its classes otherwise than the model, so their indices mean different things");
}

template void check_features(MatrixView<const float>, const std::string&);
template void check_features(MatrixView<const double>, const std::string&);
template void check_features(const SparseView<const float>&, const std::string&);
template void check_features(const SparseView<const double>&, const std::string&);

}  // namespace glissade
