// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "glissade/device.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {

std::vector<CardSetting> cards() {
    static const CudaAvailability found = cuda_availability();
    std::vector<CardSetting> all;
    for (const CudaDevice& device : found.devices) {
        if (device.ordinal != 0) continue;  // the tests ask for device 0
        const int blocks = std::min(128, static_cast<int>(std::bit_floor(static_cast<unsigned>(device.multiprocessors))));
        all.push_back({device.name, device.cooperative_launch ? blocks : 1, device.compute_major >= 9 ? 8 : 1, 0});
    }
    return all;
}
std::string why_no_card() {
    return "no usable CUDA device: " + cuda_availability().missing;
}

void use(const CardSetting&) {}
std::vector<std::string> take_faults() {
    return {};
}

}  // namespace glissade::testing
