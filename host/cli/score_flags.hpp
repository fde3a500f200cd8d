// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/cli/data_flags.hpp"
#include "host/cli/flag_parser.hpp"

namespace glissade::cli {

/// What predict and evaluate share: MODEL, DATA, the flags of the data and of the machine.
struct ScoreFlags {
    void add_to(CLI::App& app);
    /// Throws Error(usage) if MODEL or DATA is missing.
    void check(const std::string& verb) const;
    /// From here on a prediction on the CPU in place of the GPU that device auto found is noted, once.
    void note_fallback();

    std::string model_path;
    DataFlags data;
    PredictOptions options;
    std::int64_t memory_limit_bytes = 0;  ///< for reading; 0: what is available
    bool quiet = false;
};

}  // namespace glissade::cli
