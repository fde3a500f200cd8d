// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/held_out.hpp"

#include <algorithm>
#include <string>

namespace glissade::cuda {

namespace {
constexpr const char* held_out_subject = "the rows to judge by";
}

DenseHeldOut::DenseHeldOut(const JudgedRows<float>& rows, Scorer& scorer, bool keep) : rows_(rows), scorer_(scorer) {
    const Stream& stream = scorer.stream();
    if (rows.place) stream.wait_for(rows.place->stream);
    if (!keep || rows.place) return;
    const MatrixView<const float>& x = rows.features;
    features_ = {x.rows * x.columns, held_out_subject};
    const std::int64_t a_trip = scorer.shape().chunk_rows;
    for (std::int64_t first = 0; first < x.rows && features_.count() > 0; first += a_trip) {
        const std::int64_t count = std::min(a_trip, x.rows - first);
        StagingRing::Slot& slot = scorer.ring().next();
        copy_rows(x, first, count, slot.host.data());
        stream.copy(features_.data() + first * x.columns, slot.host.data(), count * x.columns, cudaMemcpyHostToDevice, held_out_subject);
        StagingRing::release(slot, stream);
    }
    stream.synchronize(held_out_subject);
}

void DenseHeldOut::score(std::int64_t first, std::int64_t count, float* scores) {
    const MatrixView<const float>& x = rows_.features;
    if (rows_.place) return scorer_.model().score(x.row(first), x.stride, count, scores);
    if (features_.count() > 0) return scorer_.model().score(features_.data() + first * x.columns, x.columns, count, scores);
    const std::int64_t a_trip = scorer_.shape().chunk_rows;
    for (std::int64_t at = 0; at < count; at += a_trip) {
        const std::int64_t rows = std::min(a_trip, count - at);
        StagingRing::Slot& slot = scorer_.ring().next();
        copy_rows(x, first + at, rows, slot.host.data());
        scorer_.stream().copy(slot.device.data(), slot.host.data(), rows * x.columns, cudaMemcpyHostToDevice, held_out_subject);
        scorer_.model().score(slot.device.data(), x.columns, rows, scores + at * scorer_.shape().model.outputs);
        StagingRing::release(slot, scorer_.stream());
    }
}

SparseHeldOut::SparseHeldOut(const JudgedRows<float>& rows, SparseScorer& scorer, bool keep) : rows_(rows), scorer_(scorer) {
    if (!keep) return;
    const SparseView<const float>& x = rows.sparse;
    const Stream& stream = scorer.stream();
    offsets_ = {x.rows + 1, held_out_subject};
    indices_ = {x.nonzeros(), held_out_subject};
    values_ = {x.nonzeros(), held_out_subject};
    stream.copy(offsets_.data(), x.offsets, x.rows + 1, cudaMemcpyHostToDevice, held_out_subject);
    stream.copy(indices_.data(), x.indices + x.offsets[0], x.nonzeros(), cudaMemcpyHostToDevice, held_out_subject);
    stream.copy(values_.data(), x.values + x.offsets[0], x.nonzeros(), cudaMemcpyHostToDevice, held_out_subject);
    stream.synchronize(held_out_subject);
}

void SparseHeldOut::score(std::int64_t first, std::int64_t count, float* scores) {
    const SparseView<const float>& x = rows_.sparse;
    if (offsets_.count() == 0) return scorer_.queue_from_host(x.part(first, count), scores);
    scorer_.queue({count, offsets_.data() + first, x.offsets[0], indices_.data(), values_.data()}, scores);
}

std::int64_t SparseHeldOut::bytes(const SparseView<const float>& x) {
    return (x.rows + 1) * static_cast<std::int64_t>(sizeof(std::int64_t)) + x.nonzeros() * static_cast<std::int64_t>(4 + sizeof(float));
}

}  // namespace glissade::cuda
