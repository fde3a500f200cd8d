// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>

#include "glissade/glissade.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {

/// A limit of device memory within which all of a run fits but its validation rows, if these take more than 120 KB; 0 if it cannot be told.
inline std::int64_t limit_without_held_out_rows(const Dataset& data, TrainOptions options) {
    options.device_memory_limit_bytes = 1000;
    const auto refused = error_of([&] { train(data, options); });
    EXPECT_TRUE(refused && refused->kind() == ErrorKind::memory);
    double megabytes = 0;  // in tenths, so 50 KB off at most
    if (!refused || std::sscanf(refused->what(), "the run needs %lf MB", &megabytes) != 1) return 0;
    return static_cast<std::int64_t>(megabytes * 1e6) + 60000;
}

}  // namespace glissade::testing
