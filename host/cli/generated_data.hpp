// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/dataset.hpp"

namespace glissade::cli {

/// Two classes that a logistic model tells apart about as well as it does real ones: features uniform with deviation 1, a weight vector
/// drawn with `seed`, labels drawn with the model's own probability. `first_row` continues the same data elsewhere.
Dataset generated_classes(std::int64_t rows, std::int64_t features, std::uint64_t seed, std::int64_t first_row = 0);

}  // namespace glissade::cli
