// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/cli/description.hpp"
#include "host/cli/files.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/settings_json.hpp"
#include "host/cli/verb.hpp"
#include "host/train/run_plan.hpp"

namespace glissade::cli {
namespace {

std::string plan_text(const std::vector<DescribedSetting>& settings, const TrainingInput& input, const RunPlan& plan) {
    std::string text = settings_text("glissade train would do this; the flags that change it:", settings);
    for (const std::string& line : input.notes) text += "note: " + line + "\n";
    return text + "\n" + plan.text;
}

Json plan_json(const TrainCommand& command, const std::vector<DescribedSetting>& settings, const TrainingInput& input,
               const RunPlan& plan) {
    Json json;
    json["rows"] = input.train.rows();
    json["features"] = input.train.columns();
    add_sparsity(json, input.train);
    json["settings"] = settings_json(command, input);
    for (const DescribedSetting& setting : settings) json["description"][setting.name] = setting.value;
    json["predicted"] = {{"step_seconds", plan.step.seconds},
                         {"epoch_seconds", plan.epoch_seconds},
                         {"seconds", plan.seconds},
                         {"limit_step_seconds", plan.step.limit_seconds},
                         {"bound_by", plan.step.bound_by}};
    json["plan"] = plan.text;
    json["notes"] = input.notes;
    return json;
}

}  // namespace

int run_plan(const Words& words) {
    TrainCommand command;
    if (!TrainCommand::read(plan_verb, words, command)) return exit_done;
    const TrainingInput input = read_training(command.data, command.learning.options, command.learning.real_type);
    command.learning.settle(input.train);
    TrainOptions options = command.learning.options;
    options.validation = input.validation;
    const RunPlan plan = glissade::plan_run(input.train, options);
    const auto settings = describe(command, input);
    write_stdout(command.json ? json_text(plan_json(command, settings, input, plan)) + "\n" : plan_text(settings, input, plan));
    return exit_done;
}

}  // namespace glissade::cli
