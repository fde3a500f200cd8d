// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/staging.hpp"

#include <algorithm>

namespace glissade::cuda {

StagingRing::StagingRing(std::int64_t floats, const std::string& name) {
    for (Slot& slot : slots_) {
        slot.host = PinnedBuffer<float>(floats, name);
        slot.device = DeviceBuffer<float>(floats, name);
    }
}

StagingRing::Slot& StagingRing::next() {
    Slot& slot = slots_[static_cast<std::size_t>(next_)];
    next_ ^= 1;
    slot.free.wait();
    return slot;
}

void copy_rows(MatrixView<const float> x, std::int64_t first, std::int64_t count, float* out) {
    if (x.stride == x.columns) {
        std::copy_n(x.row(first), count * x.columns, out);
        return;
    }
    for (std::int64_t r = 0; r < count; ++r) std::copy_n(x.row(first + r), x.columns, out + r * x.columns);
}

}  // namespace glissade::cuda
