// SPDX-License-Identifier: Apache-2.0
#include "glissade/dataset.hpp"

#include <cstring>

#include "glissade/error.hpp"
#include "host/data/dataset_storage.hpp"

namespace glissade {

using storage::checked_size, storage::round_up, storage::line_bytes, storage::allocate_zeroed, storage::require_type;

namespace {

void check_selected(const Dataset& from, std::span<const std::int64_t> rows) {
    if (from.place()) fail(ErrorKind::usage, "rows in the memory of a device cannot be selected from: copy them to the host first");
    for (const std::int64_t row : rows)
        if (row < 0 || row >= from.rows())
            fail(ErrorKind::internal, "row " + std::to_string(row) + " selected from " + std::to_string(from.rows()));
}

template <class Real>
void copy_features(const Dataset& from, std::span<const std::int64_t> rows, Dataset& to) {
    const auto features = from.features<Real>();
    Real* out = to.mutable_features<Real>();
    for (std::size_t i = 0; i < rows.size(); ++i)
        std::memcpy(out + static_cast<std::int64_t>(i) * to.stride(), features.row(rows[i]),
                    static_cast<std::size_t>(from.columns()) * sizeof(Real));
}

template <class Real>
void copy_targets(const Dataset& from, std::span<const std::int64_t> rows, Dataset& to) {
    const auto targets = from.targets<Real>();
    const auto weights = from.weights<Real>();
    const auto target_count = static_cast<std::size_t>(from.target_count());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto source = static_cast<std::size_t>(rows[i]);
        if (!targets.empty()) {
            std::memcpy(to.mutable_targets<Real>() + i * target_count, targets.data() + source * target_count, target_count * sizeof(Real));
        }
        if (!weights.empty()) to.mutable_weights<Real>()[i] = weights[source];
    }
}

}  // namespace

std::int64_t padded_stride(std::int64_t columns, RealType type) {
    const std::int64_t real = real_bytes(type);
    const std::int64_t bytes = checked_size(columns, real, line_bytes) - line_bytes;
    if (bytes <= line_bytes) {
        std::int64_t power = real;
        while (power < bytes) power *= 2;
        return power / real;
    }
    const std::int64_t lines = round_up(bytes, line_bytes);
    if ((lines - bytes) * 7 <= bytes) return lines / real;
    return round_up(bytes, 16) / real;
}

template <class Real>
Dataset Dataset::borrow_as(MatrixView<const Real> features, std::span<const Real> targets, std::span<const Real> weights) {
    if (features.rows < 0 || features.columns < 0 || (features.rows > 1 && features.stride < features.columns)) {
        fail(ErrorKind::data, "a matrix of " + std::to_string(features.rows) + " rows by " + std::to_string(features.columns) +
                                  " columns cannot have stride " + std::to_string(features.stride));
    }
    if (features.data == nullptr && features.rows * features.columns > 0) fail(ErrorKind::data, "the feature matrix has no data");
    const auto target_values = static_cast<std::int64_t>(targets.size());
    storage::check_counts(features.rows, target_values, static_cast<std::int64_t>(weights.size()));
    Dataset data;
    data.type_ = real_type_of<Real>();
    data.rows_ = features.rows;
    data.columns_ = features.columns;
    data.stride_ = features.stride;
    data.target_count_ = features.rows == 0 ? 1 : target_values / features.rows;
    data.features_ = features.data;
    data.targets_ = targets.empty() ? nullptr : targets.data();
    data.weights_ = weights.empty() ? nullptr : weights.data();
    return data;
}

Dataset Dataset::borrow(MatrixView<const float> features, std::span<const float> targets, std::span<const float> weights) {
    return borrow_as<float>(features, targets, weights);
}

Dataset Dataset::borrow(MatrixView<const double> features, std::span<const double> targets, std::span<const double> weights) {
    return borrow_as<double>(features, targets, weights);
}

Dataset Dataset::allocate(RealType type, std::int64_t rows, std::int64_t columns, std::int64_t target_count, bool with_weights) {
    if (rows < 0 || columns < 0 || target_count < 0) fail(ErrorKind::internal, "a data set with a negative size");
    Dataset data;
    data.type_ = type;
    data.rows_ = rows;
    data.columns_ = columns;
    data.stride_ = padded_stride(columns, type);
    data.target_count_ = target_count;
    const std::int64_t real = real_bytes(type);
    const std::int64_t targets_at = round_up(checked_size(rows, data.stride_ * real, 0), line_bytes);
    const std::int64_t weights_at = round_up(checked_size(rows, target_count * real, targets_at), line_bytes);
    const std::int64_t end = round_up(checked_size(with_weights ? rows : 0, real, weights_at), line_bytes);
    data.storage_ = allocate_zeroed(end == 0 ? line_bytes : end);
    auto* base = static_cast<std::byte*>(data.storage_.get());
    data.features_ = base;
    data.targets_ = target_count > 0 ? base + targets_at : nullptr;
    data.weights_ = with_weights ? base + weights_at : nullptr;
    return data;
}

template <class Real>
Dataset Dataset::select_as(std::span<const std::int64_t> rows) const {
    Dataset data;
    if (is_sparse()) {
        data = select_sparse<Real>(rows);
    } else {
        data = allocate(type_, static_cast<std::int64_t>(rows.size()), columns_, has_targets() ? target_count_ : 0, has_weights());
        copy_features<Real>(*this, rows, data);
    }
    copy_targets<Real>(*this, rows, data);
    return data;
}

Dataset Dataset::select(std::span<const std::int64_t> rows) const {
    check_selected(*this, rows);
    Dataset data = type_ == RealType::float32 ? select_as<float>(rows) : select_as<double>(rows);
    data.task = task;
    data.class_labels = class_labels;
    data.feature_names = feature_names;
    data.input = input;
    data.target_scale = target_scale;
    data.target_shift = target_shift;
    data.preparation = preparation;
    return data;
}

template <class Real>
MatrixView<const Real> Dataset::features() const {
    require_type<Real>(type_);
    if (is_sparse()) fail(ErrorKind::internal, "a sparse data set was read as a dense one");
    if (place_) fail(ErrorKind::internal, "a data set in the memory of a device was read as one of the host");
    return {static_cast<const Real*>(features_), rows_, columns_, stride_};
}

template <class Real>
std::span<const Real> Dataset::targets() const {
    require_type<Real>(type_);
    return {static_cast<const Real*>(targets_), targets_ == nullptr ? 0 : static_cast<std::size_t>(rows_ * target_count_)};
}

template <class Real>
std::span<const Real> Dataset::weights() const {
    require_type<Real>(type_);
    return {static_cast<const Real*>(weights_), weights_ == nullptr ? 0 : static_cast<std::size_t>(rows_)};
}

namespace {
template <class Real>
Real* writable(const void* values, const std::shared_ptr<void>& storage, RealType type) {
    require_type<Real>(type);
    if (storage == nullptr) fail(ErrorKind::internal, "write access to a borrowed data set");
    return static_cast<Real*>(const_cast<void*>(values));
}
}  // namespace

template <class Real>
Real* Dataset::mutable_features() {
    if (is_sparse()) fail(ErrorKind::internal, "a sparse data set was written to as a dense one");
    return writable<Real>(features_, storage_, type_);
}

template <class Real>
Real* Dataset::mutable_targets() {
    return writable<Real>(targets_, storage_, type_);
}

template <class Real>
Real* Dataset::mutable_weights() {
    return writable<Real>(weights_, storage_, type_);
}

template MatrixView<const float> Dataset::features<float>() const;
template MatrixView<const double> Dataset::features<double>() const;
template std::span<const float> Dataset::targets<float>() const;
template std::span<const double> Dataset::targets<double>() const;
template std::span<const float> Dataset::weights<float>() const;
template std::span<const double> Dataset::weights<double>() const;
template float* Dataset::mutable_features<float>();
template double* Dataset::mutable_features<double>();
template float* Dataset::mutable_targets<float>();
template double* Dataset::mutable_targets<double>();
template float* Dataset::mutable_weights<float>();
template double* Dataset::mutable_weights<double>();

}  // namespace glissade
