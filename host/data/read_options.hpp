// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/data/memory_budget.hpp"

namespace glissade {

enum class HeaderMode { automatic, yes, no };

/// How a data file is to be read; what is not given is found out from the file.
struct ReadOptions {
    std::string format;             ///< a name of the format table; empty: by content, then by extension
    std::optional<char> delimiter;  ///< csv; ' ' means runs of spaces and tabs
    HeaderMode header = HeaderMode::automatic;
    std::vector<std::string> na_values;  ///< cells that mean "missing", beside empty ones
    std::int64_t most_features = 0;      ///< libsvm: a larger feature index is an error; 0: any
    int threads = 1;
    MemoryBudget* budget = nullptr;  ///< never null while reading
};

}  // namespace glissade
