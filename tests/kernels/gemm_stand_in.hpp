// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade::testing {

/// While one lives the stand-in of cuBLASLt is not found, as on a machine without the library.
class MissingGemmLibrary {
public:
    MissingGemmLibrary();
    MissingGemmLibrary(const MissingGemmLibrary&) = delete;
    MissingGemmLibrary& operator=(const MissingGemmLibrary&) = delete;
    ~MissingGemmLibrary();
};

}  // namespace glissade::testing
