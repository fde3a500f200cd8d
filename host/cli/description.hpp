// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/cli/metrics_json.hpp"
#include "host/cli/train_command.hpp"

namespace glissade::cli {

/// One line of "what I am about to do, and which flag changes it".
struct DescribedSetting {
    std::string name, value, flags;
};

std::vector<DescribedSetting> describe(const TrainCommand& command, const TrainingInput& input);

/// The lines as aligned text, with what else there is to know before the run begins.
std::string settings_text(const std::string& title, const std::vector<DescribedSetting>& settings);

/// Adds whether data is sparse and, if so, how many nonzeros there are and which part of all values they are.
void add_sparsity(Json& json, const Dataset& data);
/// "32,561 rows, 123 features, sparse: 451,592 nonzeros (11.276 %)".
std::string data_text(const Dataset& data);

/// The loss that "auto" becomes for this data.
Loss chosen_loss(const Loss& loss, const Dataset& data);
/// Whether that is a loss of two classes on more of them.
bool trains_one_vs_rest(const Loss& loss, const Dataset& data);

}  // namespace glissade::cli
