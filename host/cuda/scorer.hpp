// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "glissade/matrix_view.hpp"
#include "host/cuda/staging.hpp"
#include "kernels/launch.hpp"

namespace glissade::cuda {

/// Scores of raw rows on the device that is current when it is made. Allocates once; rows go through a staging ring.
class Scorer {
public:
    struct Shape {
        std::int64_t features = 0, outputs = 1;
        bool bias = true;
        std::int64_t chunk_rows = 1;    ///< rows of one trip
        std::int64_t extra_floats = 0;  ///< a row of a staging buffer holds so many more, for callers that stage other things
        int multiprocessors = 1;
    };
    Scorer(const Shape& shape, ColumnAffineView<float> affine, const Stream& stream);

    Scorer(const Scorer&) = delete;
    Scorer& operator=(const Scorer&) = delete;
    ~Scorer();  ///< waits for what it has queued

    /// `parameters`: host memory, weights [outputs][features], then biases. `x` is host memory or, if `on_device`, that of the device.
    /// Waits.
    void score(MatrixView<const float> x, bool on_device, const float* parameters, std::span<float> scores_out);

    /// Brings the parameters to the device; what a launch for rows there then still needs is rows, x, stride and scores. The next call must
    /// not come before this one's copy is over.
    kernels::ScoreLinearParams prepare(const float* parameters);
    void launch(const kernels::ScoreLinearParams& params) const;

    const Shape& shape() const { return shape_; }
    const Stream& stream() const { return stream_; }
    StagingRing& ring() { return ring_; }
    const float* scale() const { return affine_ ? map_.data() : nullptr; }
    const float* shift() const { return affine_ ? map_.data() + shape_.features : nullptr; }

private:
    struct Results {
        PinnedBuffer<float> host;
        DeviceBuffer<float> device;
        std::int64_t first = 0, count = 0;  ///< rows whose scores are on their way
    };
    void collect(Results& results, std::span<float> scores_out) const;

    Shape shape_;
    const Stream& stream_;
    bool affine_;
    DeviceBuffer<float> map_;  ///< scale, then shift
    DeviceBuffer<float> parameters_;
    PinnedBuffer<float> small_;  ///< on the way to the two above
    StagingRing ring_;
    std::array<Results, 2> results_;
};

/// The shape for rows that are scored by themselves, without training.
Scorer::Shape scorer_shape(MatrixView<const float> x, std::int64_t outputs, bool bias, int multiprocessors);

/// Blocks for a kernel that gives a warp to each of `rows` rows.
int row_blocks(std::int64_t rows, int multiprocessors);

}  // namespace glissade::cuda
