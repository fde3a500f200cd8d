// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/device_model.hpp"

#include <algorithm>
#include <string>

#include "host/cuda/card.hpp"
#include "host/cuda/network_model.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

namespace {

class LinearDeviceModel final : public DeviceModel {
public:
    LinearDeviceModel(const ModelShape& shape, int multiprocessors, const DeviceAffine& affine, const Stream& stream)
        : multiprocessors_(multiprocessors),
          stream_(stream),
          device_(shape.parameters(), "the parameters of a model"),
          host_(shape.parameters(), "the parameters of a model") {
        params_.features = shape.features;
        params_.outputs = shape.outputs;
        params_.bias = shape.bias;
        params_.scale = affine.scale();
        params_.shift = affine.shift();
        params_.parameters = device_.data();
    }

    void set(const float* parameters) override {
        std::copy_n(parameters, host_.count(), host_.data());
        stream_.copy(device_.data(), host_.data(), host_.count(), cudaMemcpyHostToDevice, "the parameters of a model");
    }

    void score(const float* x, std::int64_t stride, std::int64_t rows, float* scores) override {
        params_.rows = rows;
        params_.stride = stride;
        params_.x = x;
        params_.scores = scores;
        check_launch(kernels::launch_score_linear(params_, row_blocks(rows, multiprocessors_), stream_.get()), "score_linear",
                     std::to_string(rows) + " rows");
    }

private:
    int multiprocessors_;
    const Stream& stream_;
    DeviceBuffer<float> device_;
    PinnedBuffer<float> host_;
    kernels::ScoreLinearParams params_;
};

}  // namespace

DeviceAffine::DeviceAffine(ColumnAffineView<float> affine, std::int64_t features, const Stream& stream)
    : features_(features), map_(affine ? 2 * features : 0, "the map of the columns") {
    if (!affine) return;
    // The host's memory is pageable: each copy has been read when it returns.
    stream.copy(map_.data(), affine.scale, features, cudaMemcpyHostToDevice, "the map of the columns");
    stream.copy(map_.data() + features, affine.shift, features, cudaMemcpyHostToDevice, "the map of the columns");
    stream.synchronize("the map of the columns");
}

std::unique_ptr<DeviceModel> make_device_model(const ModelShape& shape, std::int64_t chunk_rows, int multiprocessors,
                                               const DeviceAffine& affine, const Stream& stream) {
    if (!shape.hidden.empty()) return std::make_unique<NetworkModel>(shape, chunk_rows, multiprocessors, affine, stream);
    return std::make_unique<LinearDeviceModel>(shape, multiprocessors, affine, stream);
}

std::int64_t device_model_bytes(const ModelShape& shape, std::int64_t chunk_rows) {
    const std::int64_t numbers = (shape.parameters() + (shape.affine ? 2 * shape.features : 0)) * static_cast<std::int64_t>(sizeof(float));
    return numbers + (shape.hidden.empty() ? 0 : NetworkModel::work_bytes(shape, chunk_rows));
}

int row_blocks(std::int64_t rows, int multiprocessors) {
    return blocks_for(rows, tuning::row_threads / tuning::warp, multiprocessors);
}

}  // namespace glissade::cuda
