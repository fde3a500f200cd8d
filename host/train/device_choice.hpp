// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/dataset.hpp"
#include "glissade/matrix_view.hpp"

namespace glissade {

/// Where something will run, and why.
struct DeviceChoice {
    bool cuda = false;
    int ordinal = 0;
    bool named = false;  ///< the caller asked for this device by name: there is no falling back
    std::string why;
};

/// Reads `auto`, `cpu`, `cuda` or `cuda:N`. Throws Error(usage) for anything else and Error(device), saying exactly what is missing, where
/// a device that was asked for by name cannot be used; `auto` takes the first usable GPU for float32, else the CPU.
DeviceChoice choose_device(const std::string& device, RealType type);

/// The same for float32 data in the memory of a device, which only that device reads: `auto` and `cuda` are that one. Error(device) for the
/// CPU and for another device.
DeviceChoice choose_for_place(const std::string& device, const DevicePlace& place);

}  // namespace glissade
