// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/scorer.hpp"

#include <algorithm>

#include "host/cuda/buffers.hpp"
#include "host/cuda/card.hpp"
#include "host/cuda/sparse_scorer.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/sparse_lengths.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {

namespace tuning = kernels::tuning;

Scorer::Shape scorer_shape(const ModelShape& model, std::int64_t rows, int multiprocessors) {
    Scorer::Shape shape;
    shape.model = model;
    shape.chunk_rows = std::clamp<std::int64_t>(tuning::staging_bytes / (model.features * static_cast<std::int64_t>(sizeof(float))), 1,
                                                std::max<std::int64_t>(1, rows));
    shape.multiprocessors = multiprocessors;
    return shape;
}

Scorer::Scorer(const Shape& shape, ColumnAffineView<float> affine, const Stream& stream)
    : shape_(shape),
      stream_(stream),
      affine_(affine, shape.model.features, stream),
      model_(make_device_model(shape.model, shape.chunk_rows, shape.multiprocessors, affine_, stream)),
      ring_(shape.chunk_rows * (shape.model.features + shape.extra_floats), "staging of rows") {
    for (Results& results : results_) {
        results.host = PinnedBuffer<float>(shape.chunk_rows * shape.model.outputs, "scores");
        results.device = DeviceBuffer<float>(shape.chunk_rows * shape.model.outputs, "scores");
    }
}

Scorer::~Scorer() {
    (void)cudaStreamSynchronize(stream_.get());
}

std::int64_t Scorer::bytes(const Shape& shape) {
    const std::int64_t row_floats = shape.model.features + shape.extra_floats + shape.model.outputs;
    return 2 * shape.chunk_rows * row_floats * static_cast<std::int64_t>(sizeof(float)) + device_model_bytes(shape.model, shape.chunk_rows);
}

void Scorer::collect(Results& results, std::span<float> scores_out) const {
    std::copy_n(results.host.data(), results.count * shape_.model.outputs, scores_out.data() + results.first * shape_.model.outputs);
    results.count = 0;
}

void Scorer::score(MatrixView<const float> x, bool on_device, const float* parameters, std::span<float> scores_out) {
    for (Results& results : results_) results.count = 0;  // of a call that failed
    model_->set(parameters);
    const std::int64_t outputs = shape_.model.outputs;
    std::size_t turn = 0;
    for (std::int64_t first = 0; first < x.rows; first += shape_.chunk_rows, turn ^= 1) {
        const std::int64_t count = std::min(shape_.chunk_rows, x.rows - first);
        StagingRing::Slot& slot = ring_.next();
        Results& results = results_[turn];
        collect(results, scores_out);  // of two trips ago: next() has waited for them
        if (!on_device) {
            copy_rows(x, first, count, slot.host.data());
            stream_.copy(slot.device.data(), slot.host.data(), count * x.columns, cudaMemcpyHostToDevice, "rows to score");
        }
        model_->score(on_device ? x.row(first) : slot.device.data(), on_device ? x.stride : x.columns, count, results.device.data());
        stream_.copy(results.host.data(), results.device.data(), count * outputs, cudaMemcpyDeviceToHost, "scores");
        StagingRing::release(slot, stream_);
        results.first = first;
        results.count = count;
    }
    stream_.synchronize("scores");
    for (Results& results : results_) collect(results, scores_out);
}

namespace {

class DenseCardScorer final : public CardScorer {
public:
    DenseCardScorer(const ScoreTask<float>& task, const Card& card)
        : ordinal_(card.facts.ordinal),
          scorer_(scorer_shape(ModelShape::of(task, task.x.columns), task.x.rows, card.facts.multiprocessors), task.affine, stream_) {}

    void score(const ScoreTask<float>& task, std::span<float> scores_out) override {
        const DeviceScope scope(ordinal_);
        if (task.place) stream_.wait_for(task.place->stream);
        scorer_.score(task.x, task.place.has_value(), task.parameters, scores_out);
    }

private:
    int ordinal_;
    Stream stream_;
    Scorer scorer_;
};

SparseScoreShape shape_for(const ScoreTask<float>& task, const Card& card) {
    SparseScoreShape shape = SparseScoreShape::of(task.sparse.columns, task.outputs, task.bias, card.facts.multiprocessors, {});
    shape.hold(longest_row_of(task.sparse));
    return shape;
}

class SparseCardScorer final : public CardScorer {
public:
    SparseCardScorer(const ScoreTask<float>& task, const Card& card)
        : ordinal_(card.facts.ordinal),
          scale_(task.affine ? task.sparse.columns : 0, "the scale of the columns"),
          scorer_(shape_for(task, card), scale_.data(), stream_) {
        stream_.copy(scale_.data(), task.affine.scale, scale_.count(), cudaMemcpyHostToDevice, "the scale of the columns");
    }

    void score(const ScoreTask<float>& task, std::span<float> scores_out) override {
        const DeviceScope scope(ordinal_);
        scorer_.score(task.sparse, task.parameters, scores_out);
    }

private:
    int ordinal_;
    Stream stream_;
    DeviceBuffer<float> scale_;
    SparseScorer scorer_;
};

}  // namespace

}  // namespace cuda

std::unique_ptr<CardScorer> make_card_scorer(const ScoreTask<float>& task, int ordinal) {
    const cuda::Card card = cuda::usable_card(ordinal);
    const cuda::DeviceScope scope(ordinal);
    if (task.sparse.offsets != nullptr) return std::make_unique<cuda::SparseCardScorer>(task, card);
    return std::make_unique<cuda::DenseCardScorer>(task, card);
}

}  // namespace glissade
