// SPDX-License-Identifier: Apache-2.0
#include "host/train/run_plan.hpp"

#include <array>
#include <cstdio>

#include "host/train/backend_choice.hpp"
#include "host/train/problem_setup.hpp"

namespace glissade {

namespace {

std::string duration(double seconds) {
    constexpr std::array<std::pair<double, const char*>, 4> units = {{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
    auto unit = units.begin();
    while (unit + 1 != units.end() && seconds < unit->first) ++unit;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g %s", seconds / unit->first, unit->second);
    return text.data();
}

std::string counted(std::int64_t count, const char* noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void add_line(std::string& text, std::string key, const std::string& value) {
    constexpr std::size_t width = 12;
    key.resize(width, ' ');
    text += key + value + "\n";
}

/// "256 x 128 relu units x "
std::string layers_text(const ModelSpec& spec) {
    std::string text;
    for (const std::int64_t width : spec.hidden) text += (text.empty() ? "" : " x ") + std::to_string(width);
    return text.empty() ? text : text + " " + std::string(spec.activation.name()) + " units x ";
}

template <class Real>
std::string shape_text(const Dataset& data, const ResolvedRun& run) {
    std::string text;
    const ModelSpec& spec = run.spec;
    const auto members = static_cast<std::int64_t>(run.members.size());
    add_line(text, "model",
             std::string(spec.loss.name()) +
                 (spec.one_vs_rest() ? " one-vs-rest, "
                  : spec.multi_label ? " of each label, "
                                     : ", ") +
                 counted(spec.features, "feature") + " x " + layers_text(spec) + counted(spec.outputs, "output") + ", " +
                 counted(spec.parameter_count(), "parameter") + (members > 1 ? ", " + counted(members, "member") : std::string()) +
                 (run.held_out.empty() ? "" : ", those of the folds included"));
    const char* type = sizeof(Real) == 4 ? " of float32, " : " of float64, ";
    const auto bytes = static_cast<std::int64_t>(sizeof(Real));
    if (data.is_sparse())
        add_line(
            text, "rows",
            std::to_string(data.rows()) + type + counted(data.nonzeros(), "nonzero") + ", " + std::to_string(bytes + 4) + " bytes each");
    else
        add_line(text, "rows", std::to_string(data.rows()) + type + std::to_string(data.columns() * bytes) + " bytes a row");
    add_line(text, "steps",
             std::to_string(run.total_steps) + " in " + counted(run.total_epochs, "epoch") + ", batch " +
                 std::to_string(run.batches.batch_size));
    return text;
}

template <class Real>
RunPlan plan_as(const Dataset& data, const TrainOptions& options) {
    const ResolvedRun run = resolve(data, options);
    const auto rows = set_up<Real>(data, options, run);
    DeviceChoice choice;
    const auto backend = make_backend(rows->problem, options, choice);
    RunPlan plan;
    plan.step = backend->predict_step();
    plan.epoch_seconds = plan.step.seconds * static_cast<double>(run.batches.steps_per_epoch);
    plan.seconds = plan.step.seconds * static_cast<double>(run.total_steps);
    plan.text = shape_text<Real>(data, run);
    add_line(plan.text, "backend", backend->description());
    add_line(plan.text, "because", choice.why);
    add_line(plan.text, "predicted",
             duration(plan.step.seconds) + " a step, " + duration(plan.epoch_seconds) + " an epoch, " + duration(plan.seconds) +
                 " in all, besides reading the data and evaluation" +
                 (run.members[0].optimizer.driven_by_host() ? ", where each line search takes one pass" : ""));
    add_line(plan.text, "bound by",
             std::string(plan.step.bound_by) + "; reading each row once takes " + duration(plan.step.limit_seconds) + " of a step");
    return plan;
}

}  // namespace

RunPlan plan_run(const Dataset& data, const TrainOptions& options) {
    return data.real_type() == RealType::float32 ? plan_as<float>(data, options) : plan_as<double>(data, options);
}

std::string describe_plan(const Dataset& data, const TrainOptions& options) {
    return plan_run(data, options).text;
}

}  // namespace glissade
