// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/faults/allocation_faults.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size);

namespace {

std::atomic<std::int64_t> live{0}, left{0};
std::atomic<bool> armed{false}, for_good{false}, met{false};

bool fails_now() {
    if (!armed) return false;
    const std::int64_t before = left.fetch_sub(1);
    if (before > 1 || (before < 1 && !for_good)) return false;
    met = true;
    return true;
}

/// Null where it fails.
void* allocate(std::size_t size, std::size_t alignment) noexcept {
    if (fails_now()) return nullptr;
    const std::size_t whole = (size + alignment - 1) / alignment * alignment;
    void* block = alignment <= alignof(std::max_align_t) ? std::malloc(size == 0 ? 1 : size) : __real_aligned_alloc(alignment, whole);
    if (block != nullptr) ++live;
    return block;
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    if (void* block = allocate(size, alignment)) return block;
    throw std::bad_alloc();
}

void release(void* block) noexcept {
    if (block == nullptr) return;
    --live;
    std::free(block);
}

constexpr std::size_t plain = alignof(std::max_align_t);

}  // namespace

// The library's own calls of these, which the linker sends here (--wrap); what the C library allocates for itself is its own matter.
extern "C" {
void* __real_realloc(void* block, std::size_t size);
void* __real_mmap(void* address, std::size_t size, int protection, int flags, int descriptor, off_t offset);

void* __wrap_realloc(void* block, std::size_t size) {
    return fails_now() ? nullptr : __real_realloc(block, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails_now() ? nullptr : __real_aligned_alloc(alignment, size);
}
/// Memory only: a file that cannot be mapped is another fault.
void* __wrap_mmap(void* address, std::size_t size, int protection, int flags, int descriptor, off_t offset) {
    if ((flags & MAP_ANONYMOUS) != 0 && fails_now()) return MAP_FAILED;
    return __real_mmap(address, size, protection, flags, descriptor, offset);
}
}

// Every form, because some implementations of one do not call another.
void* operator new(std::size_t size) {
    return allocate_or_throw(size, plain);
}
void* operator new[](std::size_t size) {
    return allocate_or_throw(size, plain);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, plain);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, plain);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
    release(block);
}
void operator delete[](void* block) noexcept {
    release(block);
}
void operator delete(void* block, std::size_t) noexcept {
    release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    release(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    release(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    release(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    release(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    release(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
    release(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
    release(block);
}

namespace glissade::testing {

AllocationFault::AllocationFault(std::int64_t n, bool later_ones_too) {
    left = n;
    for_good = later_ones_too;
    ::met = false;
    armed = true;
}

AllocationFault::~AllocationFault() {
    armed = false;
}

bool AllocationFault::met() const {
    return ::met;
}

std::int64_t live_allocations() {
    return live;
}

}  // namespace glissade::testing
