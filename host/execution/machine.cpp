// SPDX-License-Identifier: Apache-2.0
#include "host/execution/machine.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>

#include "glissade/device.hpp"

namespace glissade {

namespace {

// Paths are plain strings here: std::filesystem::path of GCC 12 frees twice where an allocation fails.

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<std::int64_t> leading_number(std::string_view text) {
    const auto start = text.find_first_not_of(" \t\n");
    if (start == std::string_view::npos) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    return value;
}

/// The number after `key` at the beginning of a line.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view key) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') return leading_number(line.substr(key.size()));
        at = end + 1;
    }
    return std::nullopt;
}

template <class T>
void tighten(std::optional<T>& limit, T value) {
    limit = limit ? std::min(*limit, value) : value;
}

void read_processors(const std::string& group, CgroupLimits& limits) {
    std::optional<std::int64_t> quota, period;
    const std::string both = read_text(group + "/cpu.max");  // version 2: "quota period", quota may be "max"
    if (!both.empty()) {
        quota = leading_number(both);
        const auto space = both.find(' ');
        if (space != std::string::npos) period = leading_number(std::string_view(both).substr(space));
    } else {
        quota = leading_number(read_text(group + "/cpu.cfs_quota_us"));
        period = leading_number(read_text(group + "/cpu.cfs_period_us"));
    }
    if (quota && period && *quota > 0 && *period > 0)
        tighten(limits.processors, static_cast<double>(*quota) / static_cast<double>(*period));
}

void read_memory(const std::string& group, CgroupLimits& limits) {
    auto limit = leading_number(read_text(group + "/memory.max"));
    auto used = leading_number(read_text(group + "/memory.current"));
    const std::string statistics = read_text(group + "/memory.stat");
    auto reclaimable = number_after(statistics, "inactive_file");
    if (!limit) {
        limit = leading_number(read_text(group + "/memory.limit_in_bytes"));
        used = leading_number(read_text(group + "/memory.usage_in_bytes"));
        reclaimable = number_after(statistics, "total_inactive_file");
    }
    constexpr std::int64_t unlimited = std::int64_t{1} << 60;  // version 1 writes a number near 2^63
    if (!limit || *limit >= unlimited) return;
    const std::int64_t held = std::max<std::int64_t>(used.value_or(0) - reclaimable.value_or(0), 0);
    tighten(limits.memory_bytes, std::max<std::int64_t>(*limit - held, 0));
}

/// The group at `path` below `root` and all above it. Inside a container the path may not exist there; then only the root counts.
void read_groups(const std::string& root, std::string_view path, CgroupLimits& limits) {
    for (;;) {
        while (path.ends_with('/')) path.remove_suffix(1);
        const std::string group = root + "/" + std::string(path);
        read_processors(group, limits);
        read_memory(group, limits);
        if (path.empty()) return;
        const std::size_t slash = path.rfind('/');
        path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
    }
}

}  // namespace

CgroupLimits read_cgroup_limits(std::string_view membership, const std::string& mounted_at) {
    CgroupLimits limits;
    for (std::size_t at = 0; at < membership.size();) {
        const std::size_t end = std::min(membership.find('\n', at), membership.size());
        const std::string_view line = membership.substr(at, end - at);  // hierarchy:controllers:path
        at = end + 1;
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
        if (controllers.empty())
            read_groups(mounted_at, path, limits);
        else if (controllers.find("cpu") != std::string_view::npos || controllers == "memory")
            read_groups(mounted_at + "/" + std::string(controllers), path, limits);
    }
    return limits;
}

int usable_processors() {
    static const int count = [] {
        cpu_set_t set;
        CPU_ZERO(&set);
        int allowed =
            sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
        const CgroupLimits limits = read_cgroup_limits(read_text("/proc/self/cgroup"), "/sys/fs/cgroup");
        if (limits.processors) allowed = std::min(allowed, static_cast<int>(std::ceil(*limits.processors)));
        return std::max(allowed, 1);
    }();
    return count;
}

std::int64_t available_memory_bytes() {
    const auto kilobytes = number_after(read_text("/proc/meminfo"), "MemAvailable:");
    std::int64_t available = kilobytes ? *kilobytes * 1024 : static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    const CgroupLimits limits = read_cgroup_limits(read_text("/proc/self/cgroup"), "/sys/fs/cgroup");
    if (limits.memory_bytes) available = std::min(available, *limits.memory_bytes);
    return available;
}

std::int64_t last_cache_bytes() {
    return std::max<std::int64_t>(sysconf(_SC_LEVEL3_CACHE_SIZE), 0);
}

std::int64_t core_cache_bytes() {
    return std::max<std::int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE), 0);
}

std::string processor_name() {
    const std::string text = read_text("/proc/cpuinfo");
    const auto at = text.find("model name");
    if (at == std::string::npos) return "unknown";
    const auto start = text.find(": ", at), end = text.find('\n', at);
    if (start == std::string::npos || end < start) return "unknown";
    return text.substr(start + 2, end - start - 2);
}

}  // namespace glissade
