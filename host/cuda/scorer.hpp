// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "glissade/matrix_view.hpp"
#include "host/cuda/device_model.hpp"
#include "host/cuda/staging.hpp"

namespace glissade::cuda {

/// Scores of raw rows on the device that is current when it is made. Allocates once; rows go through a staging ring.
class Scorer {
public:
    struct Shape {
        ModelShape model;
        std::int64_t chunk_rows = 1;    ///< rows of one trip
        std::int64_t extra_floats = 0;  ///< a row of a staging buffer holds so many more, for callers that stage other things
        int multiprocessors = 1;
    };
    Scorer(const Shape& shape, ColumnAffineView<float> affine, const Stream& stream);

    Scorer(const Scorer&) = delete;
    Scorer& operator=(const Scorer&) = delete;
    ~Scorer();  ///< waits for what it has queued

    /// Device memory that it takes, in bytes.
    static std::int64_t bytes(const Shape& shape);

    /// `parameters`: host memory, one member's. `x` is host memory or, if `on_device`, that of the device. Waits.
    void score(MatrixView<const float> x, bool on_device, const float* parameters, std::span<float> scores_out);

    DeviceModel& model() { return *model_; }
    const DeviceAffine& affine() const { return affine_; }
    const Shape& shape() const { return shape_; }
    const Stream& stream() const { return stream_; }
    StagingRing& ring() { return ring_; }

private:
    struct Results {
        PinnedBuffer<float> host;
        DeviceBuffer<float> device;
        std::int64_t first = 0, count = 0;  ///< rows whose scores are on their way
    };
    void collect(Results& results, std::span<float> scores_out) const;

    Shape shape_;
    const Stream& stream_;
    DeviceAffine affine_;
    std::unique_ptr<DeviceModel> model_;
    StagingRing ring_;
    std::array<Results, 2> results_;
};

/// The shape for rows that are scored by themselves, without training.
Scorer::Shape scorer_shape(const ModelShape& model, std::int64_t rows, int multiprocessors);

}  // namespace glissade::cuda
