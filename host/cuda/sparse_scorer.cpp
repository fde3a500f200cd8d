// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/sparse_scorer.hpp"

#include <algorithm>
#include <string>

#include "glissade/error.hpp"
#include "host/cuda/card.hpp"
#include "host/execution/sparse_lengths.hpp"
#include "kernels/launch_sparse.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

SparseScoreShape SparseScoreShape::of(std::int64_t columns, std::int64_t outputs, bool bias, int multiprocessors,
                                      const SparseWishes& wishes) {
    constexpr std::int64_t real = sizeof(float);
    const std::int64_t bytes = wishes.staging_bytes > 0 ? wishes.staging_bytes : kernels::tuning::staging_bytes;
    SparseScoreShape shape;
    shape.columns = columns;
    shape.outputs = outputs;
    shape.bias = bias;
    shape.chunk_entries = std::max<std::int64_t>(1, bytes / 2 / (4 + real));
    shape.chunk_rows = std::max<std::int64_t>(1, bytes / 4 / (8 + outputs * real));
    shape.threads = wishes.threads > 0 ? wishes.threads : kernels::tuning::sparse_threads;
    shape.multiprocessors = multiprocessors;
    return shape;
}

SparseScorer::SparseScorer(const SparseScoreShape& shape, const float* scale, const Stream& stream)
    : shape_(shape),
      scale_(scale),
      stream_(stream),
      host_parameters_(shape.parameters(), "the parameters of a model"),
      parameters_(shape.parameters(), "the parameters of a model") {
    for (Slot& slot : slots_) {
        slot.host_offsets = {shape.chunk_rows + 1, "staging of rows"};
        slot.offsets = {shape.chunk_rows + 1, "staging of rows"};
        slot.host_scores = {shape.chunk_rows * shape.outputs, "scores"};
        slot.scores = {shape.chunk_rows * shape.outputs, "scores"};
        take_entries(slot, shape.chunk_entries);
    }
}

SparseScorer::~SparseScorer() {
    (void)cudaStreamSynchronize(stream_.get());
}

void SparseScorer::take_entries(Slot& slot, std::int64_t entries) {
    slot.host_indices = {entries, "staging of rows"};
    slot.host_values = {entries, "staging of rows"};
    slot.indices = {entries, "staging of rows"};
    slot.values = {entries, "staging of rows"};
}

/// Rows of a chunk: as many as fit, but one.
std::int64_t SparseScorer::rows_from(const SparseView<const float>& x, std::int64_t first) const {
    const std::int64_t last = std::min(x.rows, first + shape_.chunk_rows);
    const std::int64_t* end = std::upper_bound(x.offsets + first, x.offsets + last + 1, x.offsets[first] + shape_.chunk_entries);
    return std::max<std::int64_t>(1, end - (x.offsets + first) - 1);
}

void SparseScorer::collect(Slot& slot, std::span<float> scores_out) const {
    slot.done.wait();
    std::copy_n(slot.host_scores.data(), slot.rows * shape_.outputs, scores_out.data() + slot.first * shape_.outputs);
    slot.rows = 0;
}

void SparseScorer::queue(const DeviceRows& rows, float* scores) {
    kernels::ScoreSparseParams params;
    params.rows = rows.count;
    params.columns = shape_.columns;
    params.outputs = shape_.outputs;
    params.bias = shape_.bias;
    params.offsets = rows.offsets;
    params.first = rows.first;
    params.indices = rows.indices;
    params.values = rows.values;
    params.scale = scale_;
    params.parameters = parameters_.data();
    params.scores = scores;
    const int blocks = blocks_for(rows.count, shape_.threads / 4, shape_.multiprocessors);
    check_launch(kernels::launch_score_sparse(params, blocks, shape_.threads, stream_.get()), "score_sparse",
                 std::to_string(rows.count) + " rows");
}

/// The slot's rows of `x`, whose scores go to `scores`.
void SparseScorer::queue(Slot& slot, const SparseView<const float>& x, float* scores) {
    const std::int64_t begin = x.offsets[slot.first], entries = x.offsets[slot.first + slot.rows] - begin;
    if (entries > slot.values.count())
        fail(ErrorKind::internal, "a row of " + std::to_string(entries) + " nonzeros, where a chunk holds " +
                                      std::to_string(slot.values.count()) + ", was to be scored");
    std::copy_n(x.offsets + slot.first, slot.rows + 1, slot.host_offsets.data());
    std::copy_n(x.indices + begin, entries, slot.host_indices.data());
    std::copy_n(x.values + begin, entries, slot.host_values.data());
    stream_.copy(slot.offsets.data(), slot.host_offsets.data(), slot.rows + 1, cudaMemcpyHostToDevice, "rows to score");
    stream_.copy(slot.indices.data(), slot.host_indices.data(), entries, cudaMemcpyHostToDevice, "rows to score");
    stream_.copy(slot.values.data(), slot.host_values.data(), entries, cudaMemcpyHostToDevice, "rows to score");
    queue({slot.rows, slot.offsets.data(), begin, slot.indices.data(), slot.values.data()}, scores);
}

void SparseScorer::set(const float* parameters) {
    for (Slot& slot : slots_) slot.rows = 0;  // of a call that failed
    stream_.synchronize("scores");
    std::copy_n(parameters, shape_.parameters(), host_parameters_.data());
    stream_.copy(parameters_.data(), host_parameters_.data(), shape_.parameters(), cudaMemcpyHostToDevice, "the parameters of a model");
}

/// Rows that are longer than a slot get their room before any row is on its way.
void SparseScorer::make_room_for(const SparseView<const float>& x) {
    const std::int64_t longest = longest_row_of(x);
    for (Slot& slot : slots_) {
        if (longest <= slot.values.count()) continue;  // what take_entries sets last
        slot.done.wait();
        take_entries(slot, longest);
    }
}

void SparseScorer::queue_from_host(const SparseView<const float>& x, float* scores) {
    std::size_t turn = 0;
    for (std::int64_t first = 0; first < x.rows; turn ^= 1) {
        Slot& slot = slots_[turn];
        slot.done.wait();
        slot.first = first;
        slot.rows = rows_from(x, first);
        first += slot.rows;
        queue(slot, x, scores + slot.first * shape_.outputs);
        slot.done.record(stream_);
        slot.rows = 0;
    }
}

void SparseScorer::score(const SparseView<const float>& x, const float* parameters, std::span<float> scores_out) {
    if (static_cast<std::int64_t>(scores_out.size()) != x.rows * shape_.outputs || x.columns != shape_.columns)
        fail(ErrorKind::usage, "scores of " + std::to_string(x.rows) + " rows x " + std::to_string(shape_.outputs) +
                                   " outputs need room for " + std::to_string(x.rows * shape_.outputs) + " values, not " +
                                   std::to_string(scores_out.size()) + ", and " + std::to_string(shape_.columns) + " columns, not " +
                                   std::to_string(x.columns));
    make_room_for(x);
    set(parameters);
    std::size_t turn = 0;
    for (std::int64_t first = 0; first < x.rows; turn ^= 1) {
        Slot& slot = slots_[turn];
        collect(slot, scores_out);
        slot.first = first;
        slot.rows = rows_from(x, first);
        first += slot.rows;
        queue(slot, x, slot.scores.data());
        stream_.copy(slot.host_scores.data(), slot.scores.data(), slot.rows * shape_.outputs, cudaMemcpyDeviceToHost, "scores");
        slot.done.record(stream_);
    }
    for (Slot& slot : slots_) collect(slot, scores_out);
    stream_.synchronize("scores");
}

}  // namespace glissade::cuda
