// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/io_in_place.hpp"

// A killed process loses nothing that it has written: only a loss of power would, and no test makes one. Waiting for the disk would be most
// of the time that thousands of runs take.
extern "C" int __wrap_fsync(int) {
    return 0;
}

namespace glissade::test {
namespace {

Io* in_place = nullptr;

}  // namespace

// What the linker calls posix_io() behind --wrap, and where it sends its callers.
Io& real_posix_io() asm("__real__ZN8glissade8posix_ioEv");
Io& wrapped_posix_io() asm("__wrap__ZN8glissade8posix_ioEv");

Io& wrapped_posix_io() {
    return in_place != nullptr ? *in_place : real_posix_io();
}

IoInPlace::IoInPlace(Io& io) {
    in_place = &io;
}

IoInPlace::~IoInPlace() {
    in_place = nullptr;
}

}  // namespace glissade::test
