// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "glissade/matrix_view.hpp"
#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"

namespace glissade::cuda {

/// Two pairs of a pinned and a device buffer through which rows come to the card: while one is on its way, the host fills the other.
class StagingRing {
public:
    StagingRing(std::int64_t floats, const std::string& name);

    struct Slot {
        PinnedBuffer<float> host;
        DeviceBuffer<float> device;
        Event free;  ///< everything that reads the slot is over
    };
    /// The next slot, free to be filled. Waits for its last use.
    Slot& next();
    /// Marks that nothing queued after this uses the slot.
    static void release(Slot& slot, const Stream& stream) { slot.free.record(stream); }

private:
    std::array<Slot, 2> slots_;
    int next_ = 0;
};

/// Copies rows [first, first + count) of a matrix without their padding.
void copy_rows(MatrixView<const float> x, std::int64_t first, std::int64_t count, float* out);

}  // namespace glissade::cuda
