// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "glissade/sparse_view.hpp"
#include "host/cuda/buffers.hpp"
#include "host/cuda/sparse_shape.hpp"
#include "host/cuda/stream.hpp"

namespace glissade::cuda {

/// Scores of sparse rows on the device that is current when it is made. Rows come in chunks by two slots that take turns. Allocates once,
/// but for score(), where a row with more entries than a slot holds makes it larger.
class SparseScorer {
public:
    /// `scale`: device memory, or null for 1.
    SparseScorer(const SparseScoreShape& shape, const float* scale, const Stream& stream);
    SparseScorer(const SparseScorer&) = delete;
    SparseScorer& operator=(const SparseScorer&) = delete;
    ~SparseScorer();  ///< waits for what it has queued

    /// `parameters`: host memory, weights [outputs][columns], then biases. Waits.
    void score(const SparseView<const float>& x, const float* parameters, std::span<float> scores_out);

    // The same in parts, for scores that stay on the device.

    /// Brings over the parameters of the next scores. Waits for the last ones.
    void set(const float* parameters);
    /// Rows on the device: entry k of the offsets lies at k - `first`.
    struct DeviceRows {
        std::int64_t count = 0;
        const std::int64_t* offsets = nullptr;
        std::int64_t first = 0;
        const std::uint32_t* indices = nullptr;
        const float* values = nullptr;
    };
    void queue(const DeviceRows& rows, float* scores);
    /// Rows of the host, through the slots, of which each holds the longest: SparseScoreShape::hold.
    void queue_from_host(const SparseView<const float>& x, float* scores);
    const Stream& stream() const { return stream_; }

private:
    struct Slot {
        PinnedBuffer<std::int64_t> host_offsets;
        PinnedBuffer<std::uint32_t> host_indices;
        PinnedBuffer<float> host_values, host_scores;
        DeviceBuffer<std::int64_t> offsets;
        DeviceBuffer<std::uint32_t> indices;
        DeviceBuffer<float> values, scores;
        Event done;
        std::int64_t first = 0, rows = 0;  ///< whose scores are on their way
    };
    static void take_entries(Slot& slot, std::int64_t entries);
    void make_room_for(const SparseView<const float>& x);
    std::int64_t rows_from(const SparseView<const float>& x, std::int64_t first) const;
    void collect(Slot& slot, std::span<float> scores_out) const;
    void queue(Slot& slot, const SparseView<const float>& x, float* scores);

    SparseScoreShape shape_;
    const float* scale_;
    const Stream& stream_;
    PinnedBuffer<float> host_parameters_;
    DeviceBuffer<float> parameters_;
    std::array<Slot, 2> slots_;
};

}  // namespace glissade::cuda
