// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/data/memory_budget.hpp"

namespace glissade {

enum class HeaderMode { automatic, yes, no };

/// The text table that a model was trained on, as far as it tells how others like it are laid out.
struct TrainedLayout {
    char delimiter = ',';
    bool has_header = false;
    std::vector<std::string> names;  ///< of the columns that the model reads
};

/// How a data file is to be read; what is not given is found out from the file.
struct ReadOptions {
    std::string format;             ///< a name of the format table; empty: by content, then by extension
    std::optional<char> delimiter;  ///< csv; ' ' means runs of spaces and tabs
    HeaderMode header = HeaderMode::automatic;
    std::optional<TrainedLayout> trained_on;  ///< csv for a model: settles what `delimiter` and `header` leave open
    std::vector<std::string> na_values;       ///< cells that mean "missing", beside empty ones
    std::int64_t most_features = 0;           ///< libsvm: a larger feature index is an error; 0: any
    int hash_bits = 0;                        ///< vw: features are hashed into 2^hash_bits columns; 0: as many as usual
    int threads = 1;
    MemoryBudget* budget = nullptr;  ///< never null while reading
};

}  // namespace glissade
