// SPDX-License-Identifier: Apache-2.0
#include "glissade/dataset.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "glissade/error.hpp"

namespace glissade {
namespace {

constexpr std::int64_t line_bytes = 64;
constexpr std::int64_t huge_page_bytes = std::int64_t{2} << 20;

/// a * b + c for sizes; Error(memory) instead of wrapping round.
std::int64_t checked_size(std::int64_t a, std::int64_t b, std::int64_t c) {
    std::int64_t product = 0, sum = 0;
    if (a < 0 || b < 0 || c < 0 || __builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(product, c, &sum)) {
        fail(ErrorKind::memory,
             "a data set of " + std::to_string(a) + " rows by " + std::to_string(b) + " bytes a row does not fit any memory");
    }
    return sum;
}

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
    return checked_size((value + unit - 1) / unit, unit, 0);
}

/// Zeroed memory, aligned to cache lines. Large blocks come straight from the kernel, so that pages are first touched, and placed, by
/// the threads that fill them.
std::shared_ptr<void> allocate_zeroed(std::int64_t bytes) {
    const auto size = static_cast<std::size_t>(bytes);
    if (bytes >= huge_page_bytes) {
        void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) fail(ErrorKind::memory, "could not allocate " + std::to_string(bytes) + " bytes for a data set");
        ::madvise(block, size, MADV_HUGEPAGE);  // a hint: nothing depends on it
        return {block, [size](void* p) { ::munmap(p, size); }};
    }
    void* block = std::aligned_alloc(line_bytes, size);
    if (block == nullptr) fail(ErrorKind::memory, "could not allocate " + std::to_string(bytes) + " bytes for a data set");
    std::memset(block, 0, size);
    return {block, std::free};
}

template <class Real>
void require_type(RealType type) {
    if (type != real_type_of<Real>()) fail(ErrorKind::internal, "a data set was read as another real type than it holds");
}

template <class Real>
void copy_rows(const Dataset& from, std::span<const std::int64_t> rows, Dataset& to) {
    const auto features = from.features<Real>();
    const auto targets = from.targets<Real>();
    const auto weights = from.weights<Real>();
    const auto target_count = static_cast<std::size_t>(from.target_count());
    Real* out = to.mutable_features<Real>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t row = rows[i];
        if (row < 0 || row >= from.rows())
            fail(ErrorKind::internal, "row " + std::to_string(row) + " selected from " + std::to_string(from.rows()));
        const auto source = static_cast<std::size_t>(row);
        std::memcpy(out + static_cast<std::int64_t>(i) * to.stride(), features.row(row),
                    static_cast<std::size_t>(from.columns()) * sizeof(Real));
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
    const auto weight_values = static_cast<std::int64_t>(weights.size());
    if (features.rows == 0 ? target_values != 0 : target_values % features.rows != 0) {
        fail(ErrorKind::data, std::to_string(target_values) + " targets for " + std::to_string(features.rows) + " rows");
    }
    if (weight_values != 0 && weight_values != features.rows) {
        fail(ErrorKind::data, std::to_string(weight_values) + " weights for " + std::to_string(features.rows) + " rows");
    }
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

Dataset Dataset::select(std::span<const std::int64_t> rows) const {
    Dataset data = allocate(type_, static_cast<std::int64_t>(rows.size()), columns_, has_targets() ? target_count_ : 0, has_weights());
    data.task = task;
    data.class_labels = class_labels;
    data.feature_names = feature_names;
    data.input = input;
    data.target_scale = target_scale;
    data.target_shift = target_shift;
    data.preparation = preparation;
    if (type_ == RealType::float32) {
        copy_rows<float>(*this, rows, data);
    } else {
        copy_rows<double>(*this, rows, data);
    }
    return data;
}

template <class Real>
MatrixView<const Real> Dataset::features() const {
    require_type<Real>(type_);
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
