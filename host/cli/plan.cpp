// SPDX-License-Identifier: Apache-2.0
#include "host/cli/description.hpp"

#include <nlohmann/json.hpp>
#include "host/cli/files.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/verb.hpp"

namespace glissade::cli {

int run_plan(const Words& words) {
    TrainCommand command;
    if (!TrainCommand::read("glissade plan", words, command)) return exit_done;
    const TrainingInput input = read_training(command.data, command.learning.options, command.learning.real_type);
    TrainOptions options = command.learning.options;
    options.validation = input.validation;
    const std::string plan = describe_plan(input.train, options);
    const auto settings = describe(command, input);
    if (!command.json) {
        write_stdout(settings_text("glissade train would do this; the flags that change it:", settings) + "\n" + plan);
        return exit_done;
    }
    Json json;
    json["rows"] = input.train.rows();
    json["features"] = input.train.columns();
    for (const DescribedSetting& setting : settings) json["settings"][setting.name] = setting.value;
    json["plan"] = plan;
    json["notes"] = input.notes;
    write_stdout(json_text(json) + "\n");
    return exit_done;
}

}  // namespace glissade::cli
