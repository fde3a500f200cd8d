// SPDX-License-Identifier: Apache-2.0
#include "tests/emulation/tests/races.hpp"

#include <atomic>

namespace glissade::emulation {
namespace {

std::atomic<int> race_reports{0};

}  // namespace

int take_races() {
    return race_reports.exchange(0);
}

}  // namespace glissade::emulation

// ThreadSanitizer calls these by name. Tests meet at the same addresses again, so a race there is reported each time.
extern "C" {
__attribute__((visibility("default"))) void __tsan_on_report(void*) {
    ++glissade::emulation::race_reports;
}
__attribute__((visibility("default"))) const char* __tsan_default_options() {
    return "exitcode=0:suppress_equal_addresses=0";
}
}
