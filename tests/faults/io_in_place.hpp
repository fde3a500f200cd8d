// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/train/io.hpp"

namespace glissade::test {

/// While it lives, the library's calls go to `io` instead of the operating system. Only in a program linked with
/// -Wl,--wrap=_ZN8glissade8posix_ioEv, which turns the library's own calls of posix_io() to ours: nothing in the library knows of it.
class IoInPlace {
public:
    explicit IoInPlace(Io& io);
    ~IoInPlace();
    IoInPlace(const IoInPlace&) = delete;
    IoInPlace& operator=(const IoInPlace&) = delete;
};

}  // namespace glissade::test
