// SPDX-License-Identifier: Apache-2.0
#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "memory.hpp"

namespace glissade::emulation {
namespace context = boost::context::detail;

StackPool::~StackPool() {
    for (std::byte* stack : stacks_) {
        asan_unpoison(stack, stack_bytes);
        munmap(stack - page_size(), stack_bytes + page_size());
    }
}

std::byte* StackPool::stack(std::size_t index) {
    while (stacks_.size() <= index) {
        void* mapped = mmap(nullptr, stack_bytes + page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
        mprotect(mapped, page_size(), PROT_NONE);
        stacks_.push_back(static_cast<std::byte*>(mapped) + page_size());
    }
    return stacks_[index];
}

bool StackPool::overflowed(std::uintptr_t address) const {
    for (const std::byte* stack : stacks_) {
        const auto bottom = reinterpret_cast<std::uintptr_t>(stack);
        if (address >= bottom - page_size() && address < bottom) return true;
    }
    return false;
}

void Fiber::start(std::byte* stack, std::size_t colour, Entry entry, void* argument) {
    // All stacks begin at the same place of a page; stepping their tops apart keeps them out of the same few cache lines.
    const std::size_t offset = colour % 32 * 128;
    asan_unpoison(stack, StackPool::stack_bytes);
    stack_ = stack;
    entry_ = entry;
    argument_ = argument;
    fake_stack_ = nullptr;
    own_ = context::make_fcontext(stack + StackPool::stack_bytes - offset, StackPool::stack_bytes - offset, &Fiber::begin);
}

void Fiber::resume() {
    void* fake_stack = nullptr;
    asan_start_switch(&fake_stack, stack_, StackPool::stack_bytes);
    own_ = context::jump_fcontext(own_, this).fctx;
    asan_finish_switch(fake_stack, nullptr, nullptr);
}

void Fiber::suspend() {
    asan_start_switch(&fake_stack_, scheduler_stack_, scheduler_stack_bytes_);
    scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx;
    asan_finish_switch(fake_stack_, &scheduler_stack_, &scheduler_stack_bytes_);
}

void Fiber::leave() {
    asan_start_switch(nullptr, scheduler_stack_, scheduler_stack_bytes_);
    context::jump_fcontext(scheduler_, nullptr);
    std::abort();  // nobody resumes a fiber that has left
}

void Fiber::begin(context::transfer_t from) {
    Fiber& self = *static_cast<Fiber*>(from.data);
    self.scheduler_ = from.fctx;
    asan_finish_switch(nullptr, &self.scheduler_stack_, &self.scheduler_stack_bytes_);
    self.entry_(self.argument_);
    self.leave();
}

}  // namespace glissade::emulation
