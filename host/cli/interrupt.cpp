// SPDX-License-Identifier: Apache-2.0
#include "host/cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

namespace glissade::cli::interrupt {
namespace {

volatile sig_atomic_t noted_signal = 0;
volatile sig_atomic_t only_note = 0;

extern "C" void on_signal(int signal) {
    if (only_note == 0 || noted_signal != 0) _exit(128 + signal);
    noted_signal = signal;
}

}  // namespace

void install() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void finish_the_step() {
    only_note = 1;
}

int requested() {
    return noted_signal;
}

}  // namespace glissade::cli::interrupt
