// SPDX-License-Identifier: Apache-2.0
#include "host/data/encode.hpp"

#include <xxhash.h>

#include <array>
#include <cmath>
#include <memory>

#include "host/data/number.hpp"
#include "host/data/parallel.hpp"
#include "host/data/scaling.hpp"

namespace glissade {
namespace {

template <class Real>
void write_block(const EncodeRequest& request, std::span<const std::int64_t> rows, const double* values, Real* out, std::int64_t stride) {
    const auto columns = static_cast<std::size_t>(request.source->columns());
    const bool plain = request.input->empty();
    for (std::size_t r = 0; r < rows.size(); ++r, values += columns, out += stride) {
        bool finite = true;
        for (std::size_t j = 0; j < columns; ++j) {
            out[j] = static_cast<Real>(plain ? values[j] : values[j] * request.input->scale[j] + request.input->shift[j]);
            finite = finite && std::isfinite(out[j]);
        }
        for (std::size_t j = 0; !finite && j < columns; ++j) {
            if (std::isfinite(out[j])) continue;
            fail(ErrorKind::data, request.source->where(rows[r], static_cast<std::int64_t>(j)) + ": " + shortest_text(values[j]) +
                                      " lies too far from the values trained on: standardised, it does not fit " +
                                      (sizeof(Real) == 4 ? "float32" : "float64"));
        }
    }
}

template <class Real>
void write_features(const EncodeRequest& request, Dataset& data) {
    constexpr std::int64_t shares = 256;
    Real* const features = data.mutable_features<Real>();
    const std::int64_t stride = data.stride();
    parallel_for(shares, request.threads, [&](std::int64_t share) {
        const auto rows = share_of(request.rows, share, shares);
        Real* out = features + (rows.data() - request.rows.data()) * stride;
        for_each_block(*request.source, rows, [&](std::span<const std::int64_t> block, const double* values) {
            refuse_unusable(*request.source, block, values, request.type);
            write_block(request, block, values, out, stride);
            out += static_cast<std::int64_t>(block.size()) * stride;
        });
    });
}

template <class Real>
void copy_values(const EncodeRequest& request, const std::vector<double>& from, Real* to, const char* what) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        to[i] = static_cast<Real>(from[i]);
        if (!std::isfinite(to[i]))
            fail(ErrorKind::data, request.file + ": the " + what + " " + shortest_text(from[i]) + " does not fit float32");
    }
}

template <class Real>
void fill(const EncodeRequest& request, Dataset& data) {
    if (request.sparse == nullptr) write_features<Real>(request, data);
    copy_values(request, request.targets, data.mutable_targets<Real>(), "target");
    copy_values(request, request.weights, data.mutable_weights<Real>(), "weight");
}

Dataset allocate_dense(const EncodeRequest& request) {
    const auto rows = static_cast<std::int64_t>(request.rows.size());
    const std::int64_t columns = request.source->columns();
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(rows, (padded_stride(columns, request.type) + request.target_count + 1) * real_bytes(request.type),
                               &bytes)) {
        fail(ErrorKind::memory,
             request.file + ": " + std::to_string(rows) + " rows by " + std::to_string(columns) + " columns fit no memory");
    }
    request.budget->take(bytes,
                         request.file + ": " + std::to_string(rows) + " rows by " + std::to_string(columns) + " columns as a dense matrix");
    return Dataset::allocate(request.type, rows, columns, request.target_count, !request.weights.empty());
}

using HashState = std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)>;

void add_number(XXH3_state_t* state, std::int64_t value) {
    XXH3_128bits_update(state, &value, sizeof value);
}

void add_names(XXH3_state_t* state, const std::vector<std::string>& names) {
    add_number(state, static_cast<std::int64_t>(names.size()));
    for (const std::string& name : names) {
        add_number(state, static_cast<std::int64_t>(name.size()));
        XXH3_128bits_update(state, name.data(), name.size());
    }
}

template <class Real>
void add_features(XXH3_state_t* state, const Dataset& data) {
    if (!data.is_sparse()) {
        const auto features = data.features<Real>();
        for (std::int64_t r = 0; r < data.rows(); ++r)
            XXH3_128bits_update(state, features.row(r), static_cast<std::size_t>(data.columns()) * sizeof(Real));
        return;
    }
    const auto rows = data.sparse<Real>();
    const auto entries = static_cast<std::size_t>(rows.nonzeros());
    for (std::int64_t r = 0; r <= rows.rows; ++r) add_number(state, rows.offsets[r] - rows.offsets[0]);
    XXH3_128bits_update(state, rows.indices + rows.offsets[0], entries * sizeof(std::uint32_t));
    XXH3_128bits_update(state, rows.values + rows.offsets[0], entries * sizeof(Real));
}

template <class Real>
void add_values(XXH3_state_t* state, const Dataset& data) {
    add_features<Real>(state, data);
    XXH3_128bits_update(state, data.targets<Real>().data(), data.targets<Real>().size_bytes());
    XXH3_128bits_update(state, data.weights<Real>().data(), data.weights<Real>().size_bytes());
}

void add_dataset(XXH3_state_t* state, const Dataset& data) {
    add_number(state, real_bytes(data.real_type()));
    add_number(state, data.rows());
    add_number(state, data.columns());
    add_number(state, data.has_targets() ? data.target_count() : 0);
    add_number(state, data.has_weights() ? 1 : 0);
    add_number(state, data.task == Task::classification ? 1 : 0);
    add_names(state, data.class_labels);
    add_names(state, data.feature_names);
    if (data.real_type() == RealType::float32) {
        add_values<float>(state, data);
    } else {
        add_values<double>(state, data);
    }
}

}  // namespace

Dataset encode(const EncodeRequest& request) {
    Dataset data = request.sparse != nullptr ? encode_sparse(request) : allocate_dense(request);
    if (request.type == RealType::float32) {
        fill<float>(request, data);
    } else {
        fill<double>(request, data);
    }
    return data;
}

std::string fingerprint_of(const Dataset& train, const std::optional<Dataset>& validation) {
    const HashState state(XXH3_createState(), XXH3_freeState);
    if (state == nullptr) fail(ErrorKind::memory, "could not allocate the state of a checksum");
    XXH3_128bits_reset(state.get());
    add_dataset(state.get(), train);
    if (validation) add_dataset(state.get(), *validation);
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state.get()));
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest.digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace glissade
