// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

#include "glissade/error.hpp"

namespace glissade {

/// "1.5 GiB" from a number of bytes.
inline std::string readable_bytes(std::int64_t bytes) {
    const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    int unit = 0;
    while (value >= 1024 && unit < 6) {
        value /= 1024;
        ++unit;
    }
    char text[48];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

/// Bytes that reading may hold at once. Safe to use from several threads.
class MemoryBudget {
public:
    explicit MemoryBudget(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

    /// Throws Error(memory), with the figures and the remedy, if `bytes` more for `what` would go over the limit.
    void take(std::int64_t bytes, const std::string& what) {
        const std::int64_t before = used_bytes_.fetch_add(bytes);
        if (bytes <= limit_bytes_ - before) return;
        used_bytes_.fetch_sub(bytes);
        fail(ErrorKind::memory, what + " needs " + readable_bytes(bytes) +
                                    (before > 0 ? " beyond the " + readable_bytes(before) + " in use" : "") + "; the memory limit is " +
                                    readable_bytes(limit_bytes_) + ": raise --memory-limit, or use fewer rows or columns");
    }
    void give_back(std::int64_t bytes) { used_bytes_.fetch_sub(bytes); }
    /// What may still be taken.
    std::int64_t room() const { return limit_bytes_ - used_bytes_.load(); }

private:
    std::int64_t limit_bytes_;
    std::atomic<std::int64_t> used_bytes_{0};
};

}  // namespace glissade
