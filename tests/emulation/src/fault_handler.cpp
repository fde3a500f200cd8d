// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "machine.hpp"
#include "sanitizers.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

struct sigaction previous_segv;
struct sigaction previous_bus;

// The process is about to die where it stands, so what a signal handler may not call is called here all the same.
std::string explain(void* pointer) {
    Machine& all = machine();
    Grid* const grid = running_grid;
    std::string who = "host code";
    if (grid != nullptr && grid->has_current()) {
        const Thread& thread = grid->current();
        who = text("kernel of call ", grid->request().number, ", ", name_of(thread));
        if (*thread.waits_in != '\0') who += text(", last at ", place(thread.site));
    }
    if (all.stacks.overflowed(reinterpret_cast<std::uintptr_t>(pointer))) return text(who, " overflowed its stack");
    if (all.memory.owns(pointer)) return text(who, " touched ", all.memory.describe(pointer));
    if (grid != nullptr) {
        if (const std::string shared = grid->describe_shared(pointer); !shared.empty()) return text(who, " touched ", shared);
    }
    if (grid != nullptr && grid->has_current()) return text(who, " touched address ", pointer, ", which belongs to no buffer");
    return "";
}

void handle(int signal, siginfo_t* info, void*) {
    const std::string line = explain(info->si_addr);
    if (!line.empty()) std::fprintf(stderr, "emulated CUDA: %s\n", line.c_str());
    // The same instruction faults again, now under whoever handled the signal before.
    sigaction(signal, signal == SIGSEGV ? &previous_segv : &previous_bus, nullptr);
}

}  // namespace

void install_fault_handler() {
    // A stack that has overflowed has no room for a handler. AddressSanitizer has its own second stack.
    constexpr std::size_t bytes = std::size_t{64} << 10;
    stack_t present{};
    sigaltstack(nullptr, &present);
    if ((present.ss_flags & SS_DISABLE) != 0) {
        void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        const stack_t own{mapped, 0, bytes};
        if (mapped != MAP_FAILED) sigaltstack(&own, nullptr);
    }
    struct sigaction action {};
    action.sa_sigaction = &handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
}

}  // namespace glissade::emulation
