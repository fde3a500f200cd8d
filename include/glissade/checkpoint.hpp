// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "glissade/export.hpp"

namespace glissade {

/// What a checkpoint says of itself.
struct CheckpointInfo {
    std::string path;
    std::int64_t step = 0, epoch = 0;  ///< steps done and epochs finished when it was written
    std::string settings;              ///< JSON object: the settings of the run that results depend on
    std::string user_data;             ///< what CheckpointOptions::user_data held
    std::string skipped;               ///< newer checkpoints that were rejected, and why; empty if none
};

/// The newest intact checkpoint in a directory. Throws Error(data) if there is none, with the reason each was rejected, Error(io) if the
/// directory cannot be read. Changes nothing. Cost: reads and checks the whole file.
GLISSADE_EXPORT CheckpointInfo newest_checkpoint(const std::string& directory);

}  // namespace glissade
