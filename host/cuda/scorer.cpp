// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/scorer.hpp"

#include <algorithm>

#include "host/cuda/card.hpp"
#include "host/execution/backend.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {

namespace tuning = kernels::tuning;

int row_blocks(std::int64_t rows, int multiprocessors) {
    constexpr std::int64_t rows_a_block = tuning::row_threads / tuning::warp;
    return static_cast<int>(
        std::clamp<std::int64_t>((rows + rows_a_block - 1) / rows_a_block, 1, multiprocessors * tuning::row_blocks_a_multiprocessor));
}

Scorer::Shape scorer_shape(MatrixView<const float> x, std::int64_t outputs, bool bias, int multiprocessors) {
    Scorer::Shape shape;
    shape.features = x.columns;
    shape.outputs = outputs;
    shape.bias = bias;
    shape.chunk_rows = std::clamp<std::int64_t>(tuning::staging_bytes / (x.columns * static_cast<std::int64_t>(sizeof(float))), 1,
                                                std::max<std::int64_t>(1, x.rows));
    shape.multiprocessors = multiprocessors;
    return shape;
}

Scorer::Scorer(const Shape& shape, ColumnAffineView<float> affine, const Stream& stream)
    : shape_(shape),
      stream_(stream),
      affine_(static_cast<bool>(affine)),
      map_(affine_ ? 2 * shape.features : 0, "the map of the columns"),
      parameters_(shape.outputs * (shape.features + 1), "the parameters of a model"),
      small_(std::max(2 * shape.features, shape.outputs * (shape.features + 1)), "the parameters of a model"),
      ring_(shape.chunk_rows * (shape.features + shape.extra_floats), "staging of rows") {
    for (Results& results : results_) {
        results.host = PinnedBuffer<float>(shape.chunk_rows * shape.outputs, "scores");
        results.device = DeviceBuffer<float>(shape.chunk_rows * shape.outputs, "scores");
    }
    if (!affine_) return;
    std::copy_n(affine.scale, shape.features, small_.data());
    std::copy_n(affine.shift, shape.features, small_.data() + shape.features);
    stream_.copy(map_.data(), small_.data(), map_.count(), cudaMemcpyHostToDevice, "the map of the columns");
    stream_.synchronize("the map of the columns");
}

Scorer::~Scorer() {
    (void)cudaStreamSynchronize(stream_.get());
}

void Scorer::collect(Results& results, std::span<float> scores_out) const {
    std::copy_n(results.host.data(), results.count * shape_.outputs, scores_out.data() + results.first * shape_.outputs);
    results.count = 0;
}

kernels::ScoreLinearParams Scorer::prepare(const float* parameters) {
    const std::int64_t parameter_count = shape_.outputs * (shape_.features + (shape_.bias ? 1 : 0));
    std::copy_n(parameters, parameter_count, small_.data());
    stream_.copy(parameters_.data(), small_.data(), parameter_count, cudaMemcpyHostToDevice, "the parameters of a model");
    kernels::ScoreLinearParams params;
    params.features = shape_.features;
    params.outputs = shape_.outputs;
    params.bias = shape_.bias;
    params.scale = scale();
    params.shift = shift();
    params.parameters = parameters_.data();
    return params;
}

void Scorer::launch(const kernels::ScoreLinearParams& params) const {
    check_launch(kernels::launch_score_linear(params, row_blocks(params.rows, shape_.multiprocessors), stream_.get()), "score_linear",
                 std::to_string(params.rows) + " rows");
}

void Scorer::score(MatrixView<const float> x, bool on_device, const float* parameters, std::span<float> scores_out) {
    kernels::ScoreLinearParams params = prepare(parameters);
    params.stride = on_device ? x.stride : x.columns;
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
        params.rows = count;
        params.x = on_device ? x.row(first) : slot.device.data();
        params.scores = results.device.data();
        launch(params);
        stream_.copy(results.host.data(), results.device.data(), count * shape_.outputs, cudaMemcpyDeviceToHost, "scores");
        StagingRing::release(slot, stream_);
        results.first = first;
        results.count = count;
    }
    stream_.synchronize("scores");
    for (Results& results : results_) collect(results, scores_out);
}

}  // namespace cuda

void score_on_cuda(const ScoreTask<float>& task, int ordinal, std::span<float> scores_out) {
    using namespace cuda;
    const Card card = usable_card(ordinal);
    const DeviceScope scope(ordinal);
    const Scorer::Shape shape = scorer_shape(task.x, task.outputs, task.bias, card.facts.multiprocessors);
    const Stream stream;
    if (task.place) stream.wait_for(task.place->stream);
    Scorer(shape, task.affine, stream).score(task.x, task.place.has_value(), task.parameters, scores_out);
}

}  // namespace glissade
