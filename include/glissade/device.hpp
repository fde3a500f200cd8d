// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/export.hpp"

namespace glissade {

/// A CUDA device as the library sees it.
struct CudaDevice {
    int ordinal = 0;
    std::string name;
    int multiprocessors = 0;
    int compute_major = 0, compute_minor = 0;
    std::int64_t memory_bytes = 0, free_bytes = 0;
    std::int64_t shared_bytes_a_block = 0;  ///< the most one block may ask for
    bool cooperative_launch = false;
};

/// What there is and, where CUDA cannot be used, exactly what is missing (built without CUDA, no driver, driver too old, no device).
struct CudaAvailability {
    std::vector<CudaDevice> devices;
    std::string missing;  ///< empty if at least one device can be used
};
/// Never throws for a lack of CUDA. Cost: the first call of a process starts the driver, some tenths of a second where there is one.
GLISSADE_EXPORT CudaAvailability cuda_availability();

/// Processors that this process may use: its affinity mask capped by the cgroup's quota; at least 1. Found out once, at
/// the first call.
GLISSADE_EXPORT int usable_processors();

/// Memory that this process may still take: what the system has available, capped by the cgroup. Read anew at each call.
GLISSADE_EXPORT std::int64_t available_memory_bytes();

}  // namespace glissade
