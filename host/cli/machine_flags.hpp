// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/trainer.hpp"
#include "host/cli/flag_parser.hpp"

namespace glissade::cli {

/// Where a run is computed, with how much memory and in which numbers: --device, --threads, --nondeterministic, the memory limits,
/// --precision, --storage.
class MachineFlags {
public:
    /// `options` receives what is read as it stands, and must outlive the parsing.
    void add_to(CLI::App& app, TrainOptions& options);
    /// Writes what stands as text and returns the type of the run's numbers. Throws Error(usage) for a word that means nothing.
    RealType read(TrainOptions& options_out) const;

private:
    std::string storage_ = "float32", precision_ = "float32";
};

}  // namespace glissade::cli
