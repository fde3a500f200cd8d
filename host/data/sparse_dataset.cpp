// SPDX-License-Identifier: Apache-2.0
// The sparse form of Dataset.
#include <algorithm>
#include <string>

#include "glissade/dataset.hpp"
#include "glissade/error.hpp"
#include "host/data/dataset_storage.hpp"

namespace glissade {

using storage::checked_size, storage::round_up, storage::line_bytes, storage::require_type;

template <class Real>
Dataset Dataset::borrow_rows(SparseView<const Real> rows, std::span<const Real> targets, std::span<const Real> weights) {
    storage::check_structure(rows, "the sparse matrix");
    const auto target_values = static_cast<std::int64_t>(targets.size());
    storage::check_counts(rows.rows, target_values, static_cast<std::int64_t>(weights.size()));
    static constexpr std::int64_t no_rows[1] = {0};
    Dataset data;
    data.type_ = real_type_of<Real>();
    data.rows_ = rows.rows;
    data.columns_ = rows.columns;
    data.target_count_ = rows.rows == 0 ? 1 : target_values / rows.rows;
    data.offsets_ = rows.rows == 0 ? no_rows : rows.offsets;
    data.indices_ = rows.indices;
    data.features_ = rows.values;
    data.targets_ = targets.empty() ? nullptr : targets.data();
    data.weights_ = weights.empty() ? nullptr : weights.data();
    return data;
}

Dataset Dataset::borrow(SparseView<const float> rows, std::span<const float> targets, std::span<const float> weights) {
    return borrow_rows<float>(rows, targets, weights);
}

Dataset Dataset::borrow(SparseView<const double> rows, std::span<const double> targets, std::span<const double> weights) {
    return borrow_rows<double>(rows, targets, weights);
}

Dataset Dataset::allocate_sparse(RealType type, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, std::int64_t target_count,
                                 bool with_weights) {
    if (rows < 0 || columns < 0 || columns > std::int64_t{1} << 32 || nonzeros < 0 || target_count < 0)
        fail(ErrorKind::internal, "a sparse data set with a negative size, or of more than 2^32 columns");
    Dataset data;
    data.type_ = type;
    data.rows_ = rows;
    data.columns_ = columns;
    data.target_count_ = target_count;
    const std::int64_t real = real_bytes(type);
    const std::int64_t indices_at = round_up(checked_size(rows + 1, sizeof(std::int64_t), 0), line_bytes);
    const std::int64_t values_at = round_up(checked_size(nonzeros, sizeof(std::uint32_t), indices_at), line_bytes);
    const std::int64_t targets_at = round_up(checked_size(nonzeros, real, values_at), line_bytes);
    const std::int64_t weights_at = round_up(checked_size(rows, target_count * real, targets_at), line_bytes);
    const std::int64_t end = round_up(checked_size(with_weights ? rows : 0, real, weights_at), line_bytes);
    data.storage_ = storage::allocate_zeroed(end);
    auto* base = static_cast<std::byte*>(data.storage_.get());
    data.offsets_ = reinterpret_cast<const std::int64_t*>(base);
    data.indices_ = reinterpret_cast<const std::uint32_t*>(base + indices_at);
    data.features_ = base + values_at;
    data.targets_ = target_count > 0 ? base + targets_at : nullptr;
    data.weights_ = with_weights ? base + weights_at : nullptr;
    return data;
}

std::int64_t Dataset::nonzeros() const {
    if (!is_sparse()) fail(ErrorKind::internal, "the nonzeros of a dense data set were asked for");
    return offsets_[rows_] - offsets_[0];
}

template <class Real>
SparseView<const Real> Dataset::sparse() const {
    require_type<Real>(type_);
    if (!is_sparse()) fail(ErrorKind::internal, "a dense data set was read as a sparse one");
    return {offsets_, indices_, static_cast<const Real*>(features_), rows_, columns_};
}

std::int64_t* Dataset::mutable_offsets() {
    if (storage_ == nullptr || !is_sparse()) fail(ErrorKind::internal, "write access to a data set that is borrowed or dense");
    return const_cast<std::int64_t*>(offsets_);
}

std::uint32_t* Dataset::mutable_indices() {
    if (storage_ == nullptr || !is_sparse()) fail(ErrorKind::internal, "write access to a data set that is borrowed or dense");
    return const_cast<std::uint32_t*>(indices_);
}

template <class Real>
Real* Dataset::mutable_values() {
    require_type<Real>(type_);
    if (storage_ == nullptr || !is_sparse()) fail(ErrorKind::internal, "write access to a data set that is borrowed or dense");
    return static_cast<Real*>(const_cast<void*>(features_));
}

template <class Real>
Dataset Dataset::select_sparse(std::span<const std::int64_t> rows) const {
    const SparseView<const Real> from = sparse<Real>();
    std::int64_t nonzeros = 0;
    for (const std::int64_t row : rows) nonzeros = checked_size(1, from.offsets[row + 1] - from.offsets[row], nonzeros);
    Dataset data = allocate_sparse(type_, static_cast<std::int64_t>(rows.size()), columns_, nonzeros, has_targets() ? target_count_ : 0,
                                   has_weights());
    std::int64_t* offsets = data.mutable_offsets();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t begin = from.offsets[rows[i]], count = from.offsets[rows[i] + 1] - begin;
        std::copy_n(from.indices + begin, count, data.mutable_indices() + offsets[i]);
        std::copy_n(from.values + begin, count, data.mutable_values<Real>() + offsets[i]);
        offsets[i + 1] = offsets[i] + count;
    }
    return data;
}

template SparseView<const float> Dataset::sparse<float>() const;
template SparseView<const double> Dataset::sparse<double>() const;
template float* Dataset::mutable_values<float>();
template double* Dataset::mutable_values<double>();
template Dataset Dataset::select_sparse<float>(std::span<const std::int64_t>) const;
template Dataset Dataset::select_sparse<double>(std::span<const std::int64_t>) const;

}  // namespace glissade
