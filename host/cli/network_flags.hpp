// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glissade/trainer.hpp"
#include "host/cli/flag_parser.hpp"

namespace glissade::cli {

/// Hidden layers and where parameters begin: --hidden, --activation, --init, --dropout, --label-smoothing.
class NetworkFlags {
public:
    /// `options` receives the numbers as they are read, and must outlive the parsing.
    void add_to(CLI::App& app, TrainOptions& options);
    /// Writes what stands as text. Throws Error(usage) for what speaks of hidden layers where there are none.
    void read(TrainOptions& options_out) const;

private:
    std::vector<std::string> hidden_;
    std::string activation_, init_ = "auto";
};

}  // namespace glissade::cli
