// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "problems.hpp"

/// What the tests of written-to public fields share.
namespace glissade::testing {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

template <class Subject>
struct Damage {
    const char* name;
    std::function<void(Subject&)> inflict;
};

/// One of the ways into the library.
struct Entry {
    const char* name;
    std::function<void()> call;
};

inline TrainOptions quick(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.epochs = 2;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

}  // namespace glissade::testing
