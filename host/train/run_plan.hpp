// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/trainer.hpp"
#include "host/execution/cost_model.hpp"

namespace glissade {

/// What train() would run.
struct RunPlan {
    std::string text;                       ///< a line a fact
    StepPrediction step;                    ///< of a full batch
    double epoch_seconds = 0, seconds = 0;  ///< predicted, of an epoch and of all of them; training alone, no evaluation
};

/// Sets a run up as train() does, without running it: settings, data and device are checked. May read the data for some milliseconds, to
/// see how fast that goes. Throws as train() does.
RunPlan plan_run(const Dataset& data, const TrainOptions& options);

}  // namespace glissade
