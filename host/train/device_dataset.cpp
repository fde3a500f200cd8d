// SPDX-License-Identifier: Apache-2.0
// Data sets whose features lie in the memory of a CUDA device.
#include <memory>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/error.hpp"
#include "host/data/dataset_storage.hpp"
#include "host/data/device_memory.hpp"

namespace glissade {

Dataset Dataset::borrow_device(MatrixView<const float> features, std::span<const float> targets, const DevicePlace& place,
                               std::span<const float> weights) {
    Dataset data = borrow(features, targets, weights);
    // Asked of no memory at all, this still says whether the device can be used.
    if (!device_memory::holds(features.data, place, "the feature matrix") && features.rows * features.columns > 0)
        fail(ErrorKind::data,
             "the feature matrix is host memory, not memory of CUDA device " + std::to_string(place.ordinal) + ": borrow() takes it");
    const bool targets_there = !targets.empty() && device_memory::holds(targets.data(), place, "the targets");
    const bool weights_there = !weights.empty() && device_memory::holds(weights.data(), place, "the weights");
    const auto copied = std::make_shared<std::vector<float>>((targets_there ? targets.size() : 0) + (weights_there ? weights.size() : 0));
    float* out = copied->data();
    const auto take = [&](std::span<const float> values, const void*& view) {
        device_memory::download(out, values.data(), static_cast<std::int64_t>(values.size()), place);
        view = out;
        out += values.size();
    };
    if (targets_there) take(targets, data.targets_);
    if (weights_there) take(weights, data.weights_);
    data.copied_ = copied;
    data.place_ = place;
    return data;
}

MatrixView<const float> Dataset::device_features() const {
    if (!place_) fail(ErrorKind::internal, "a data set of the host was read as one in the memory of a device");
    return {static_cast<const float*>(features_), rows_, columns_, stride_};
}

}  // namespace glissade
