// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sanitizers.hpp"

namespace glissade::emulation {

// Stacks that are kept from launch to launch. The first have pages below them that nobody may touch; a process may have some 65,000 maps,
// and each such stack takes two, so those of a bigger grid lie side by side.
class StackPool {
public:
    // Sanitizers give every variable a surround of its own, so frames grow.
    static constexpr std::size_t stack_bytes = (asan ? std::size_t{256} : std::size_t{64}) << 10;

    static constexpr std::size_t max_guarded = 8192;

    // Wider than a frame, so that none steps over it.
    static constexpr std::size_t guard_bytes = std::size_t{64} << 10;

    ~StackPool();
    // The lowest byte of stack `index`; stacks are made up to that index.
    std::byte* stack(std::size_t index);
    // True if the address lies in the pages below a stack.
    bool overflowed(std::uintptr_t address) const;

private:
    void add_slab();

    std::vector<std::byte*> stacks_;
};

// One flow of control on a stack of its own; one that was never started stands for the stack it first switches from. Only the thread
// that plays the device uses fibers, one at a time.
class Fiber {
public:
    using Entry = void (*)(void* argument);

    // Forgets what ran here before, finished or not. The first switch to the fiber runs entry(argument), which must end in leave_to().
    void start(std::byte* stack, std::size_t colour, Entry entry, void* argument);
    // From inside this fiber: runs `next` from where it stands, until somebody switches back.
    void switch_to(Fiber& next);
    // The same, for good.
    [[noreturn]] void leave_to(Fiber& next);

private:
    // What travels with a switch.
    struct Switch {
        Fiber* from;
        Fiber* to;
    };
    static void begin(boost::context::detail::transfer_t transfer);
    static Switch arrive(boost::context::detail::transfer_t transfer, void* fake_stack);

    boost::context::detail::fcontext_t context_ = nullptr;
    Entry entry_ = nullptr;
    void* argument_ = nullptr;
    const void* stack_ = nullptr;
    std::size_t stack_bytes_ = 0;
    TsanFiber tsan_own_;          // of a fiber that was started
    void* tsan_fiber_ = nullptr;  // that, or the thread's
};

}  // namespace glissade::emulation
