// SPDX-License-Identifier: Apache-2.0
#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace glissade::emulation {
namespace context = boost::context::detail;

namespace {

constexpr std::size_t slab_stacks = 1024;

// `bytes` above pages that nobody may touch.
std::byte* map_above_guard(std::size_t bytes) {
    constexpr std::size_t guard = StackPool::guard_bytes;
    void* mapped = mmap(nullptr, bytes + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    mprotect(mapped, guard, PROT_NONE);
    return static_cast<std::byte*>(mapped) + guard;
}

void unmap_above_guard(std::byte* begin, std::size_t bytes) {
    asan_unpoison(begin, bytes);
    munmap(begin - StackPool::guard_bytes, bytes + StackPool::guard_bytes);
}

}  // namespace

StackPool::~StackPool() {
    for (std::size_t i = 0; i < stacks_.size(); i += i < max_guarded ? 1 : slab_stacks) {
        unmap_above_guard(stacks_[i], i < max_guarded ? stack_bytes : slab_stacks * stack_bytes);
    }
}

std::byte* StackPool::stack(std::size_t index) {
    while (stacks_.size() <= index) {
        if (stacks_.size() < max_guarded)
            stacks_.push_back(map_above_guard(stack_bytes));
        else
            add_slab();
    }
    return stacks_[index];
}

void StackPool::add_slab() {
    std::byte* const begin = map_above_guard(slab_stacks * stack_bytes);
    for (std::size_t i = 0; i < slab_stacks; ++i) stacks_.push_back(begin + i * stack_bytes);
}

bool StackPool::overflowed(std::uintptr_t address) const {
    for (std::size_t i = 0; i < stacks_.size() && i < max_guarded; ++i) {
        const auto bottom = reinterpret_cast<std::uintptr_t>(stacks_[i]);
        if (address >= bottom - guard_bytes && address < bottom) return true;
    }
    return false;
}

void Fiber::start(std::byte* stack, std::size_t colour, Entry entry, void* argument) {
    // All stacks begin at the same place of a page; stepping their tops apart keeps them out of the same few cache lines.
    const std::size_t offset = colour % 32 * 128;
    asan_unpoison(stack, StackPool::stack_bytes);
    if constexpr (tsan) {
        // Fresh pages: ThreadSanitizer forgets who had this stack before.
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        if (mmap(stack, StackPool::stack_bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) throw std::bad_alloc();
    }
    tsan_own_ = tsan_make_fiber();
    tsan_fiber_ = tsan_own_.get();
    stack_ = stack;
    stack_bytes_ = StackPool::stack_bytes;
    entry_ = entry;
    argument_ = argument;
    context_ = context::make_fcontext(stack + StackPool::stack_bytes - offset, StackPool::stack_bytes - offset, &Fiber::begin);
}

// AddressSanitizer tells where the stack lies that was left, which for the first fiber nobody else knows.
Fiber::Switch Fiber::arrive(context::transfer_t transfer, void* fake_stack) {
    const Switch made = *static_cast<Switch*>(transfer.data);
    made.from->context_ = transfer.fctx;
    asan_finish_switch(fake_stack, &made.from->stack_, &made.from->stack_bytes_);
    return made;
}

void Fiber::begin(context::transfer_t transfer) {
    Fiber& self = *arrive(transfer, nullptr).to;
    self.entry_(self.argument_);
    std::abort();  // an entry leaves, it does not return
}

void Fiber::switch_to(Fiber& next) {
    Switch made{this, &next};
    void* fake_stack = nullptr;
    if (tsan_own_ == nullptr) tsan_fiber_ = tsan_current_fiber();
    asan_start_switch(&fake_stack, next.stack_, next.stack_bytes_);
    tsan_switch(next.tsan_fiber_);
    arrive(context::jump_fcontext(next.context_, &made), fake_stack);
}

void Fiber::leave_to(Fiber& next) {
    Switch made{this, &next};
    asan_start_switch(nullptr, next.stack_, next.stack_bytes_);
    tsan_switch(next.tsan_fiber_);
    context::jump_fcontext(next.context_, &made);
    std::abort();  // nobody comes back to a fiber that has left
}

}  // namespace glissade::emulation
