// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "host/data/encode.hpp"
#include "host/data/number.hpp"
#include "host/data/parallel.hpp"
#include "host/data/scaling.hpp"

namespace glissade {
namespace {

constexpr std::int64_t sparse_shares = 256;

/// Where the entries of each row begin, and at the end their number.
std::vector<std::int64_t> count_entries(const EncodeRequest& request) {
    std::vector<std::int64_t> offsets(request.rows.size() + 1);
    parallel_for(sparse_shares, request.threads, [&](std::int64_t share) {
        SparseRow scratch;
        const auto rows = share_of(request.rows, share, sparse_shares);
        std::int64_t* out = offsets.data() + (rows.data() - request.rows.data()) + 1;
        for (const std::int64_t row : rows) *out++ = request.sparse->count(row, scratch);
    });
    for (std::size_t r = 1; r < offsets.size(); ++r) offsets[r] += offsets[r - 1];
    return offsets;
}

[[noreturn]] void fail_in_row(const EncodeRequest& request, std::int64_t row, const std::vector<SparseEntry>& entries) {
    const ColumnAffine& affine = request.sparse->affine();
    for (const SparseEntry& entry : entries) {
        const std::string place = request.sparse->where(row, static_cast<std::int64_t>(entry.column));
        if (const std::string why = why_unusable(entry.value, request.type); !why.empty())
            fail(ErrorKind::data, place + (std::isfinite(entry.value) ? ": " : ": the value ") + why);
        if (entry.column >= affine.scale.size()) continue;
        const double value = entry.value * affine.scale[entry.column] + affine.shift[entry.column];
        if (why_unusable(value, request.type).empty()) continue;
        fail(ErrorKind::data, place + ": " + shortest_text(entry.value) +
                                  " lies too far from the values trained on: standardised, it does not fit " +
                                  (request.type == RealType::float32 ? "float32" : "float64"));
    }
    fail(ErrorKind::internal, "a row was refused without a reason");
}

/// Writes the entries of a row, standardised and rounded.
template <class Real>
void write_row(const EncodeRequest& request, std::int64_t row, SparseRow& scratch, std::uint32_t* indices, Real* values) {
    const ColumnAffine& affine = request.sparse->affine();
    const double limit = overflow_limit(request.type);
    request.sparse->read(row, scratch);
    bool usable = true;
    for (const SparseEntry& entry : scratch.entries) {
        const bool plain = entry.column >= affine.scale.size();
        const double value = plain ? entry.value : entry.value * affine.scale[entry.column] + affine.shift[entry.column];
        usable = usable && std::abs(entry.value) < limit && std::abs(value) < limit;
        *indices++ = entry.column;
        *values++ = static_cast<Real>(value);
    }
    if (!usable) fail_in_row(request, row, scratch.entries);
}

template <class Real>
Dataset encode_as(const EncodeRequest& request) {
    const auto rows = static_cast<std::int64_t>(request.rows.size());
    const std::vector<std::int64_t> offsets = count_entries(request);
    const std::int64_t entries = offsets.back(), real = sizeof(Real);
    request.budget->take((rows + 1) * 8 + entries * (4 + real) + rows * (request.target_count + 1) * real,
                         request.file + ": " + std::to_string(rows) + " sparse rows of " + std::to_string(entries) + " nonzeros");
    Dataset data =
        Dataset::allocate_sparse(request.type, rows, request.sparse->columns(), entries, request.target_count, !request.weights.empty());
    std::copy(offsets.begin(), offsets.end(), data.mutable_offsets());
    std::uint32_t* const indices = data.mutable_indices();
    Real* const values = data.mutable_values<Real>();
    parallel_for(sparse_shares, request.threads, [&](std::int64_t share) {
        SparseRow scratch;
        const auto of_share = share_of(request.rows, share, sparse_shares);
        const std::int64_t* at = offsets.data() + (of_share.data() - request.rows.data());
        for (const std::int64_t row : of_share) {
            write_row<Real>(request, row, scratch, indices + *at, values + *at);
            ++at;
        }
    });
    return data;
}

}  // namespace

Dataset encode_sparse(const EncodeRequest& request) {
    return request.type == RealType::float32 ? encode_as<float>(request) : encode_as<double>(request);
}

}  // namespace glissade
