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

/// The same for what runs on the CPU only: Error(usage) for a GPU that was asked for by name. `what` runs there, as in "sparse data runs on
/// the CPU"; `otherwise` is what a GPU would take.
DeviceChoice choose_on_cpu(const std::string& device, const std::string& what, const std::string& otherwise);
DeviceChoice choose_for_sparse(const std::string& device);

}  // namespace glissade
