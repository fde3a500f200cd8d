// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cli/metrics_json.hpp"
#include "host/cli/train_command.hpp"

namespace glissade::cli {

/// The settings of a run for programs: an object keyed by the names of the flags, `_` for `-`, with numbers as numbers. Those of the data
/// stand as they were given; those of learning and machine are all there, defaults included, as they will be used.
Json settings_json(const TrainCommand& command, const TrainingInput& input);

}  // namespace glissade::cli
