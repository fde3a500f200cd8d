// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glissade {

/// What the control groups of a process allow it.
struct CgroupLimits {
    std::optional<double> processors;          ///< quota / period
    std::optional<std::int64_t> memory_bytes;  ///< the limit less what is used and cannot be reclaimed
};

/// Reads versions 1 and 2 of control groups, of the group itself and of all above it; the tightest wins.
/// `membership`: the text of /proc/self/cgroup; `mounted_at`: /sys/fs/cgroup.
CgroupLimits read_cgroup_limits(std::string_view membership, const std::string& mounted_at);

/// Of the last level of the processor's cache, and of the second, which a core has to itself; 0 if the system does not say.
std::int64_t last_cache_bytes();
std::int64_t core_cache_bytes();

/// The model name of the processor, for reports; "unknown" if the system does not say.
std::string processor_name();

}  // namespace glissade
