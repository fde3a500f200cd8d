// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sanitizers.hpp"

namespace glissade::emulation {

// Stacks that are kept from launch to launch, each above a page that nobody may touch.
class StackPool {
public:
    // Sanitizers give every variable a surround of its own, so frames grow.
    static constexpr std::size_t stack_bytes = (asan ? std::size_t{256} : std::size_t{64}) << 10;

    ~StackPool();
    // The lowest byte of stack `index`; stacks are made up to that index.
    std::byte* stack(std::size_t index);
    // True if the address lies in the page below a stack.
    bool overflowed(std::uintptr_t address) const;

private:
    std::vector<std::byte*> stacks_;
};

// One flow of control on a stack of its own; the scheduler resumes it and it suspends itself. Only the thread that plays the device
// uses fibers, one at a time.
class Fiber {
public:
    using Entry = void (*)(void* argument);

    // Forgets what ran here before, finished or not, and makes the fiber ready to run entry(argument).
    void start(std::byte* stack, std::size_t colour, Entry entry, void* argument);
    // From the scheduler: runs the fiber until it suspends or ends.
    void resume();
    // From inside the fiber: back to the scheduler.
    void suspend();
    // From inside the fiber: back to the scheduler for good.
    [[noreturn]] void leave();

private:
    static void begin(boost::context::detail::transfer_t from);

    boost::context::detail::fcontext_t own_ = nullptr;
    boost::context::detail::fcontext_t scheduler_ = nullptr;
    Entry entry_ = nullptr;
    void* argument_ = nullptr;
    std::byte* stack_ = nullptr;
    void* fake_stack_ = nullptr;  // AddressSanitizer's, while suspended
    const void* scheduler_stack_ = nullptr;
    std::size_t scheduler_stack_bytes_ = 0;
};

}  // namespace glissade::emulation
