// SPDX-License-Identifier: Apache-2.0
#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace glissade::emulation {
namespace context = boost::context::detail;

StackPool::~StackPool() {
    for (std::byte* stack : stacks_) {
        asan_unpoison(stack, stack_bytes);
        munmap(stack - guard_bytes, stack_bytes + guard_bytes);
    }
}

std::byte* StackPool::stack(std::size_t index) {
    while (stacks_.size() <= index) {
        void* mapped = mmap(nullptr, stack_bytes + guard_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
        mprotect(mapped, guard_bytes, PROT_NONE);
        stacks_.push_back(static_cast<std::byte*>(mapped) + guard_bytes);
    }
    return stacks_[index];
}

bool StackPool::overflowed(std::uintptr_t address) const {
    for (const std::byte* stack : stacks_) {
        const auto bottom = reinterpret_cast<std::uintptr_t>(stack);
        if (address >= bottom - guard_bytes && address < bottom) return true;
    }
    return false;
}

void Fiber::start(std::byte* stack, std::size_t colour, Entry entry, void* argument) {
    // All stacks begin at the same place of a page; stepping their tops apart keeps them out of the same few cache lines.
    const std::size_t offset = colour % 32 * 128;
    asan_unpoison(stack, StackPool::stack_bytes);
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
    asan_start_switch(&fake_stack, next.stack_, next.stack_bytes_);
    arrive(context::jump_fcontext(next.context_, &made), fake_stack);
}

void Fiber::leave_to(Fiber& next) {
    Switch made{this, &next};
    asan_start_switch(nullptr, next.stack_, next.stack_bytes_);
    context::jump_fcontext(next.context_, &made);
    std::abort();  // nobody comes back to a fiber that has left
}

}  // namespace glissade::emulation
