// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/cli/description.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/report.hpp"

namespace glissade::cli {

/// A finished run with all that its results are told from.
struct FinishedRun {
    const TrainCommand& command;
    const TrainingInput& input;
    const Run& run;
    std::vector<DescribedSetting> settings;
    std::string model_path;  ///< empty if none was written
    int signal = 0;          ///< that ended it; 0: none

    /// Whether a resumed run found nothing to do.
    bool idle() const { return !command.resume.empty() && run.steps == command.resumed_step; }
    /// Of the model that is kept; null without a validation set.
    const Metrics* validation() const;
};

std::string result_text(const FinishedRun& finished);
Json result_json(const FinishedRun& finished);
Report result_report(const FinishedRun& finished);

}  // namespace glissade::cli
