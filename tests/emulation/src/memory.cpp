// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <sys/mman.h>

#include "sanitizers.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

// Released buffers keep their addresses; this many of them, then the oldest goes.
constexpr std::size_t max_released = 4096;

std::string device_name(const Region& region) {
    return text("device buffer #", region.number, " of ", region.user_bytes, " bytes");
}

}  // namespace

DeviceMemory::~DeviceMemory() {
    clear();
}

void* DeviceMemory::allocate(std::size_t bytes, int device) {
    Region region = map_region(bytes);
    region.number = next_number_++;
    region.device = device;
    protect_region(region, true);
    paint_region(region);
    if (!is_open()) protect_region(region, false);
    live_.emplace(address(region.pages), region);
    return region.user;
}

bool DeviceMemory::release(void* pointer, std::vector<std::string>& findings) {
    const Region* found = find(pointer, 0);
    if (found == nullptr || found->user != pointer) return false;
    const Region region = *found;
    protect_region(region, true);
    if (const std::string broken = check_guards(region); !broken.empty()) findings.push_back(text(broken, " ", device_name(region)));
    live_.erase(address(region.pages));
    madvise(region.pages, region.page_bytes, MADV_DONTNEED);
    protect_region(region, false);
    if (!region.is_sparse()) asan_poison(region.pages, region.page_bytes);
    released_.emplace(address(region.pages), region);
    release_order_.push_back(address(region.pages));
    if (release_order_.size() > max_released) {
        const auto oldest = released_.find(release_order_.front());
        unmap_region(oldest->second);
        released_.erase(oldest);
        release_order_.erase(release_order_.begin());
    }
    return true;
}

void DeviceMemory::clear() {
    for (const auto& [at, region] : live_) unmap_region(region);
    for (const auto& [at, region] : released_) unmap_region(region);
    live_.clear();
    released_.clear();
    release_order_.clear();
    next_number_ = 1;
}

void DeviceMemory::open() {
    if (depth_++ > 0) return;
    for (const auto& [at, region] : live_) protect_region(region, true);
}

void DeviceMemory::close() {
    if (--depth_ > 0) return;
    for (const auto& [at, region] : live_) protect_region(region, false);
}

std::vector<std::string> DeviceMemory::check_all_guards() {
    std::vector<std::string> findings;
    for (const auto& [at, region] : live_) {
        if (const std::string broken = check_guards(region); !broken.empty()) findings.push_back(text(broken, " ", device_name(region)));
    }
    return findings;
}

const Region* DeviceMemory::near(const std::map<std::uintptr_t, Region>& regions, const void* pointer) const {
    // The guard page before a region belongs to it, hence the page added.
    auto after = regions.upper_bound(address(pointer) + page_size());
    if (after == regions.begin()) return nullptr;
    const Region& region = std::prev(after)->second;
    return address(pointer) < address(region.end()) + page_size() ? &region : nullptr;
}

const Region* DeviceMemory::find(const void* pointer, std::size_t bytes) const {
    const Region* region = near(live_, pointer);
    if (region == nullptr || address(pointer) < address(region->user)) return nullptr;
    const std::uintptr_t offset = address(pointer) - address(region->user);
    return offset <= region->user_bytes && bytes <= region->user_bytes - offset ? region : nullptr;
}

bool DeviceMemory::owns(const void* pointer) const {
    return near(live_, pointer) != nullptr || near(released_, pointer) != nullptr;
}

std::string DeviceMemory::describe(const void* pointer) const {
    const Region* region = near(live_, pointer);
    const char* state = "";
    if (region == nullptr) {
        region = near(released_, pointer);
        state = "released ";
    }
    if (region == nullptr) return "no device buffer";
    const auto offset = static_cast<std::int64_t>(address(pointer)) - static_cast<std::int64_t>(address(region->user));
    const auto bytes = static_cast<std::int64_t>(region->user_bytes);
    if (offset < 0) return text(-offset, " bytes before the beginning of ", state, device_name(*region));
    if (offset >= bytes) return text(offset - bytes, " bytes behind the end of ", state, device_name(*region));
    return text("byte ", offset, " of ", state, device_name(*region));
}

std::size_t DeviceMemory::bytes_in_use(int device) const {
    std::size_t bytes = 0;
    for (const auto& [at, region] : live_) bytes += region.device == device ? region.user_bytes : 0;
    return bytes;
}

}  // namespace glissade::emulation
