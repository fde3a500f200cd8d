// SPDX-License-Identifier: Apache-2.0
#include "host/cli/run_result.hpp"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "host/cli/member_table.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/settings_json.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr std::int64_t rate_points = 240;

std::string stop_text(const FinishedRun& finished) {
    if (finished.signal != 0) return finished.signal == SIGINT ? "interrupted (SIGINT)" : "interrupted (SIGTERM)";
    if (finished.idle()) return "nothing was left to do";
    switch (finished.run.stop) {
        case StopReason::finished:
            return "finished";
        case StopReason::max_steps:
            return "--max-steps reached";
        case StopReason::max_seconds:
            return "--max-seconds reached";
        case StopReason::patience:
            return "no lower validation loss within --patience";
        case StopReason::tol:
            return finished.command.learning.options.tol > 0 ? "the training loss improved by less than --tol"
                                                             : "the training loss stalled at the lowest rate of the schedule";
        case StopReason::callback:
            return "stopped";
        case StopReason::converged:
            return "nothing more to gain";
        case StopReason::diverged:
            return "diverged";
    }
    return "";
}

using Figure = std::optional<double> (*)(const EpochRecord&);

std::optional<double> training_loss(const EpochRecord& epoch) {
    return epoch.loss;
}
std::optional<double> validation_loss(const EpochRecord& epoch) {
    return epoch.validation ? std::optional(epoch.validation->loss) : std::nullopt;
}
std::optional<double> validation_accuracy(const EpochRecord& epoch) {
    return epoch.validation ? epoch.validation->accuracy : std::nullopt;
}

Curve curve_of(const std::string& name, const std::vector<EpochRecord>& history, Figure figure) {
    Curve curve{name, {}};
    for (const EpochRecord& epoch : history)
        if (const auto value = figure(epoch)) curve.points.emplace_back(static_cast<double>(epoch.epoch), *value);
    return curve;
}

/// The rate over the steps that were run, from the schedule itself, or over the epochs where it watched the loss.
Curve rate_curve(const FinishedRun& finished) {
    const TrainOptions& options = finished.command.learning.options;
    const std::int64_t rows = finished.input.train.rows();
    ScheduleClock clock;
    clock.batch_size = options.batch_size == full_batch ? rows : std::min(options.batch_size, rows);
    clock.steps_per_epoch =
        options.drop_last && rows >= clock.batch_size ? rows / clock.batch_size : (rows + clock.batch_size - 1) / clock.batch_size;
    clock.total_steps = options.epochs * clock.steps_per_epoch;
    if (options.max_steps > 0) clock.total_steps = std::min(clock.total_steps, options.max_steps);
    const double lr = finished.run.members[static_cast<std::size_t>(finished.run.best_member)].member.optimizer.get("lr");
    if (options.schedule.watches_loss())  // what it came to depends on the losses
        return curve_of("rate", finished.run.history, [](const EpochRecord& epoch) { return std::optional(epoch.lr); });
    Curve curve{"rate", {}};
    const std::int64_t last = std::max<std::int64_t>(1, finished.run.steps - 1), points = std::min<std::int64_t>(rate_points, last);
    for (std::int64_t i = 0; i <= points; ++i) {
        clock.step = last * i / points;
        curve.points.emplace_back(static_cast<double>(clock.step) / static_cast<double>(clock.steps_per_epoch),
                                  options.schedule.at(clock, lr).lr);
    }
    return curve;
}

/// Of one model, both losses in one chart; of several, a chart each of training and validation with a curve a member.
std::vector<Chart> loss_charts(const Run& run) {
    const auto& members = run.members;
    if (members.size() == 1) {
        const auto& history = members[0].history;
        return {{"Loss", "epoch", {curve_of("training", history, training_loss), curve_of("validation", history, validation_loss)}, true}};
    }
    Chart training{"Training loss", "epoch", {}, true}, validation{"Validation loss", "epoch", {}, true};
    for (std::size_t m = 0; m < members.size(); ++m) {
        training.curves.push_back(curve_of(member_name(members_of(run), m), members[m].history, training_loss));
        validation.curves.push_back(curve_of(member_name(members_of(run), m), members[m].history, validation_loss));
    }
    return {training, validation};
}

std::vector<Chart> charts_of(const FinishedRun& finished) {
    const auto& members = finished.run.members;
    std::vector<Chart> charts = loss_charts(finished.run);
    Chart accuracies{"Validation accuracy", "epoch", {}, false};
    for (std::size_t m = 0; m < members.size(); ++m)
        accuracies.curves.push_back(curve_of(member_name(members_of(finished.run), m), members[m].history, validation_accuracy));
    charts.push_back(accuracies);
    charts.push_back({members.size() > 1 ? "Learning rate of the kept model" : "Learning rate", "epoch", {rate_curve(finished)}, false});
    std::erase_if(charts, [](const Chart& chart) {
        return std::all_of(chart.curves.begin(), chart.curves.end(), [](const Curve& curve) { return curve.points.empty(); });
    });
    return charts;
}

}  // namespace

const Metrics* FinishedRun::validation() const {
    for (const EpochRecord& epoch : run.history) {
        if (epoch.epoch == run.best_epoch && epoch.validation) return &*epoch.validation;
    }
    return nullptr;
}

std::string result_text(const FinishedRun& finished) {
    const Run& run = finished.run;
    std::string text;
    const auto line = [&](const std::string& name, const std::string& value) {
        text += name + std::string(14 - name.size(), ' ') + value + "\n";
    };
    const std::int64_t epochs = run.history.empty() ? 0 : run.history.back().epoch;
    line("stopped",
         stop_text(finished) + ": " + counted(epochs, "epoch") + ", " + counted(run.steps, "step") + ", " + readable_seconds(run.seconds));
    if (!run.history.empty()) line("training", "loss " + brief(run.history.back().loss) + " (epoch " + std::to_string(epochs) + ")");
    if (const Metrics* held_out = finished.validation())
        line("validation", metrics_text(*held_out) + " (epoch " + std::to_string(run.best_epoch) + ", kept)");
    if (const auto rows = member_rows(run, finished.input.validation.rows() > 0); !rows.empty()) text += aligned(rows);
    if (finished.input.train.is_sparse()) line("data", data_text(finished.input.train));
    if (const std::int64_t all = run.model.spec.weight_count(), some = run.nonzero_weights; some < all)
        line("weights", grouped(some) + " of " + grouped(all) + " are not 0");
    line("ran on", run.plan);
    if (!finished.model_path.empty()) line("model", finished.model_path);
    if (!finished.command.run_dir.empty()) line("run directory", finished.command.run_dir + " (report.html, metrics.jsonl, checkpoints)");
    return text;
}

Json result_json(const FinishedRun& finished) {
    const Run& run = finished.run;
    Json json;
    json["stop"] = finished.signal != 0 ? "interrupted" : std::string(name_of(run.stop));
    json["rows"] = finished.input.train.rows();
    json["features"] = finished.input.train.columns();
    add_sparsity(json, finished.input.train);
    json["nonzero_weights"] = run.nonzero_weights;
    json["task"] = finished.input.train.task == Task::regression ? "regression" : "classification";
    json["epochs"] = run.history.empty() ? 0 : run.history.back().epoch;
    json["steps"] = run.steps;
    json["prepare_seconds"] = run.prepare_seconds;
    json["seconds"] = run.seconds;
    if (!run.history.empty()) json["loss"] = run.history.back().loss;
    json["best_epoch"] = run.best_epoch;
    if (const Metrics* held_out = finished.validation()) json["validation"] = to_json(*held_out);
    if (run.members.size() > 1 || !run.members[0].folds.empty()) {
        json["best_member"] = run.best_member;
        for (const MemberResult& member : run.members) json["members"].push_back(member_json(member));
    }
    if (run.divergence)
        json["divergence"] = {{"step", run.divergence->step},
                              {"epoch", run.divergence->epoch},
                              {"batch", run.divergence->batch},
                              {"message", run.divergence->message}};
    json["advice"] = run.advice;
    json["plan"] = run.plan;
    json["model"] = finished.model_path.empty() ? Json() : Json(finished.model_path);
    json["run_dir"] = finished.command.run_dir.empty() ? Json() : Json(finished.command.run_dir);
    json["settings"] = settings_json(finished.command, finished.input);
    for (const DescribedSetting& setting : finished.settings) json["description"][setting.name] = setting.value;
    json["notes"] = finished.input.notes;
    return json;
}

namespace {

/// What the kept model scores on the rows trained on and on those held out, in the units of the data.
std::vector<std::vector<std::string>> metric_rows(const FinishedRun& finished, const PredictOptions& options) {
    const Dataset& held_out = finished.input.validation;
    const auto trained = finished.run.model.evaluate(finished.input.train, options).list();
    std::vector<std::vector<std::string>> rows = {{"", "training rows"}};
    for (const auto& [name, value] : trained)
        if (name != "log_loss" || value != trained.front().second) rows.push_back({name, brief(value)});
    if (held_out.rows() == 0) return rows;
    rows[0].emplace_back("validation rows");
    for (const auto& [name, value] : finished.run.model.evaluate(held_out, options).list()) {
        const auto row = std::find_if(rows.begin(), rows.end(), [&metric = name](const auto& cells) { return cells[0] == metric; });
        if (row != rows.end()) row->push_back(brief(value));
    }
    return rows;
}

/// What only a model that can be used has.
void add_model(const FinishedRun& finished, Report& report) {
    constexpr std::size_t weights_shown = 20;
    const Model& model = finished.run.model;
    PredictOptions options;
    options.threads = finished.command.learning.options.threads;
    report.metrics = metric_rows(finished, options);
    const bool validated = finished.input.validation.rows() > 0;
    report.rows_name = validated ? "validation rows" : "training rows (none were held out)";
    if (model.task == Task::classification && !model.spec.multi_label)
        report.evaluation = evaluate_classifier(model, validated ? finished.input.validation : finished.input.train, options);
    report.weights = largest_weights(model, weights_shown);
    if (model.task == Task::classification && model.spec.outputs == 1) report.weights_of = model.class_labels.at(1);
    report.standardised = !model.input.empty();
}

}  // namespace

Report result_report(const FinishedRun& finished) {
    const Run& run = finished.run;
    Report report;
    report.title = "Glissade: " + finished.command.data.path.substr(finished.command.data.path.find_last_of('/') + 1);
    report.subtitle = stop_text(finished) + ", " + counted(run.steps, "step") + " in " + readable_seconds(run.seconds) + ". " + run.plan;
    if (const Metrics* held_out = finished.validation()) {
        for (const auto& [name, value] : held_out->list()) {
            if (name == "log_loss" && value == held_out->loss) continue;  // the validation loss is that already
            report.figures.emplace_back("validation " + name, brief(value));
        }
    }
    if (!run.history.empty()) report.figures.emplace_back("training loss, last epoch", brief(run.history.back().loss));
    report.figures.emplace_back("epochs", std::to_string(run.history.size()));
    report.charts = charts_of(finished);
    if (!run.divergence) add_model(finished, report);
    report.members = member_rows(run, finished.input.validation.rows() > 0);
    for (const DescribedSetting& setting : finished.settings) report.settings.emplace_back(setting.name, setting.value);
    report.notes = finished.input.notes;
    if (!run.advice.empty()) report.notes.push_back(run.advice);
    return report;
}

}  // namespace glissade::cli
