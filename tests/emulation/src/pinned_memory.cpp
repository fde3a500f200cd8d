// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

std::string pinned_name(const Region& region) {
    return text("pinned buffer #", region.number, " of ", region.user_bytes, " bytes");
}

bool inside(std::uintptr_t begin, std::size_t size, const void* pointer, std::size_t bytes) {
    return address(pointer) >= begin && address(pointer) - begin <= size && bytes <= size - (address(pointer) - begin);
}

}  // namespace

PinnedMemory::~PinnedMemory() {
    clear();
}

void* PinnedMemory::allocate(std::size_t bytes) {
    Region region = map_region(bytes);
    region.number = next_number_++;
    protect_region(region, true);
    paint_region(region);
    allocated_.emplace(address(region.user), region);
    return region.user;
}

bool PinnedMemory::release(void* pointer, std::vector<std::string>& findings) {
    const auto found = allocated_.find(address(pointer));
    if (found == allocated_.end()) return false;
    const std::string broken = check_guards(found->second);
    if (!broken.empty()) findings.push_back(text(broken, " ", pinned_name(found->second)));
    unmap_region(found->second);
    allocated_.erase(found);
    return true;
}

bool PinnedMemory::add_registered(void* pointer, std::size_t bytes) {
    return registered_.emplace(address(pointer), bytes).second;
}

bool PinnedMemory::remove_registered(void* pointer) {
    return registered_.erase(address(pointer)) > 0;
}

void PinnedMemory::clear() {
    for (const auto& [at, region] : allocated_) unmap_region(region);
    allocated_.clear();
    registered_.clear();
    next_number_ = 1;
}

bool PinnedMemory::holds(const void* pointer, std::size_t bytes) const {
    const auto allocated = allocated_.upper_bound(address(pointer));
    if (allocated != allocated_.begin()) {
        const Region& region = std::prev(allocated)->second;
        if (inside(address(region.user), region.user_bytes, pointer, bytes)) return true;
    }
    const auto registered = registered_.upper_bound(address(pointer));
    if (registered == registered_.begin()) return false;
    const auto& [begin, size] = *std::prev(registered);
    return inside(begin, size, pointer, bytes);
}

std::vector<std::string> PinnedMemory::check_all_guards() {
    std::vector<std::string> findings;
    for (const auto& [at, region] : allocated_) {
        if (const std::string broken = check_guards(region); !broken.empty()) findings.push_back(text(broken, " ", pinned_name(region)));
    }
    return findings;
}

}  // namespace glissade::emulation
