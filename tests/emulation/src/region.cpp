// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "memory.hpp"
#include "sanitizers.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr std::size_t alignment_bytes = 256;  // what cudaMalloc promises
constexpr std::size_t poison_file_bytes = std::size_t{16} << 20;

// The first byte of [begin, end) that is not a guard byte, or `end`. AddressSanitizer forbids these bytes to everybody else.
__attribute__((no_sanitize("address"))) std::byte* first_broken(std::byte* begin, const std::byte* end) {
    while (begin != end && *begin == std::byte{guard_byte}) ++begin;
    return begin;
}

// Of a sparse region only its ends were ever poisoned, and the shadow of the rest is as big as an ordinary buffer.
void unpoison(const Region& region) {
    if (region.is_sparse()) {
        asan_unpoison(region.pages, page_size());
        asan_unpoison(region.end() - page_size(), page_size());
    } else {
        asan_unpoison(region.pages, region.page_bytes);
    }
}

// Pages of poison that every sparse region maps again and again; who writes to one gets a copy.
int poison_file() {
    static const int file = [] {
        const int made = memfd_create("emulated CUDA poison", MFD_CLOEXEC);
        const std::vector<unsigned char> block(poison_file_bytes, poison_byte);
        if (made < 0 || write(made, block.data(), block.size()) != static_cast<ssize_t>(block.size())) throw std::bad_alloc();
        return made;
    }();
    return file;
}

void map_poison(const Region& region) {
    for (std::size_t at = 0; at < region.page_bytes; at += poison_file_bytes) {
        const std::size_t bytes = std::min(poison_file_bytes, region.page_bytes - at);
        const void* mapped =
            mmap(region.pages + at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, poison_file(), 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
    }
}

void paint_slack(const Region& region) {
    unpoison(region);
    std::byte* const user_end = region.user + region.user_bytes;
    std::memset(region.pages, guard_byte, static_cast<std::size_t>(region.user - region.pages));
    std::memset(user_end, guard_byte, static_cast<std::size_t>(region.end() - user_end));
    asan_poison(region.pages, static_cast<std::size_t>(region.user - region.pages));
    asan_poison(user_end, static_cast<std::size_t>(region.end() - user_end));
}

}  // namespace

std::size_t page_size() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

Region map_region(std::size_t bytes) {
    const std::size_t aligned_bytes = round_up(bytes > 0 ? bytes : 1, alignment_bytes);
    Region region;
    region.page_bytes = round_up(aligned_bytes, page_size());
    void* mapped = mmap(nullptr, region.page_bytes + 2 * page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    region.pages = static_cast<std::byte*>(mapped) + page_size();
    region.user = region.end() - aligned_bytes;
    region.user_bytes = bytes;
    return region;
}

void unmap_region(const Region& region) {
    unpoison(region);
    munmap(region.pages - page_size(), region.page_bytes + 2 * page_size());
}

void protect_region(const Region& region, bool accessible) {
    if (mprotect(region.pages, region.page_bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) throw std::bad_alloc();
}

void paint_region(const Region& region) {
    if constexpr (tsan) {
        // Fresh pages: ThreadSanitizer forgets who touched the ones before.
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        if (mmap(region.pages, region.page_bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) throw std::bad_alloc();
    }
    if (region.is_sparse()) map_poison(region);
    paint_slack(region);
    if (!region.is_sparse()) std::memset(region.user, poison_byte, region.user_bytes);
}

std::string check_guards(const Region& region) {
    std::byte* const user_end = region.user + region.user_bytes;
    const std::byte* const before = first_broken(region.pages, region.user);
    const std::byte* const behind = first_broken(user_end, region.end());
    std::string found;
    if (before != region.user) found = text("written ", region.user - before, " bytes before the beginning of");
    if (behind != region.end()) found = text("written ", behind - user_end, " bytes behind the end of");
    if (!found.empty()) paint_slack(region);
    return found;
}

}  // namespace glissade::emulation
