// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"
#include "host/execution/backend.hpp"

namespace glissade::cuda {

/// What the scores of a raw row are worked out with, numbers apart.
struct ModelShape {
    std::int64_t features = 0, outputs = 1;
    bool bias = true, affine = false;
    HiddenLayers<float> hidden = {};

    template <class Task>  // Problem or ScoreTask
    static ModelShape of(const Task& task, std::int64_t features) {
        return {features, task.outputs, task.bias, static_cast<bool>(task.affine), task.hidden};
    }
    static ModelShape of(const Problem<float>& problem) { return of(problem, problem.features.columns); }
    std::int64_t parameters() const { return dense_layers(features, hidden.widths, outputs, bias).back().end(); }
};

/// The affine map of the columns on the device that is current when it is made, or the identity. Waits for its copy.
class DeviceAffine {
public:
    DeviceAffine(ColumnAffineView<float> affine, std::int64_t features, const Stream& stream);
    const float* scale() const { return map_.data(); }  ///< null: the identity
    const float* shift() const { return map_.data() ? map_.data() + features_ : nullptr; }

private:
    std::int64_t features_;
    DeviceBuffer<float> map_;  ///< scale, then shift
};

/// One model's parameters on the device that is current when it is made, and the scores by them of rows that lie there.
class DeviceModel {
public:
    virtual ~DeviceModel() = default;

    /// Brings over parameters of one member from host memory. The next call must not come before this one's copy is over.
    virtual void set(const float* parameters) = 0;
    /// Queues the scores of any number of rows.
    virtual void score(const float* x, std::int64_t stride, std::int64_t rows, float* scores) = 0;
};

/// A model that works in `stream`, if it needs memory for rows on `chunk_rows` of them at a time. `affine` and `stream` must outlive it.
std::unique_ptr<DeviceModel> make_device_model(const ModelShape& shape, std::int64_t chunk_rows, int multiprocessors,
                                               const DeviceAffine& affine, const Stream& stream);
/// Device memory that it takes with its affine map, in bytes.
std::int64_t device_model_bytes(const ModelShape& shape, std::int64_t chunk_rows);

/// Blocks for a kernel that gives a warp to each of `rows` rows.
int row_blocks(std::int64_t rows, int multiprocessors);

}  // namespace glissade::cuda
