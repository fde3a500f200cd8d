// SPDX-License-Identifier: Apache-2.0
#include "glissade/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "glissade/error.hpp"
#include "host/train/diagnosis.hpp"
#include "host/train/folds.hpp"
#include "host/train/settings_json.hpp"
#include "host/train/training_loop.hpp"
#include "host/train/weights.hpp"

namespace glissade {

std::string_view name_of(StopReason reason) {
    switch (reason) {
        case StopReason::finished:
            return "finished";
        case StopReason::max_steps:
            return "max_steps";
        case StopReason::max_seconds:
            return "max_seconds";
        case StopReason::patience:
            return "patience";
        case StopReason::tol:
            return "tol";
        case StopReason::callback:
            return "callback";
        case StopReason::diverged:
            return "diverged";
        case StopReason::converged:
            return "converged";
    }
    return "unknown";
}

std::string fingerprint_of(const Dataset& data, const TrainOptions& options) {
    return fingerprint(data) + fingerprint(options.validation);
}

namespace {

template <class Real>
Model make_model(const Dataset& data, const ResolvedRun& run, const TrainingRows<Real>& rows, const std::vector<Real>& parameters) {
    Model model;
    model.spec = run.spec;
    model.task = run.task;
    model.real_type = real_type_of<Real>();
    model.parameters.assign(parameters.begin(), parameters.end());
    model.class_labels = run.class_labels;
    model.feature_names = data.feature_names;
    model.input = rows.applied.empty() ? data.input : rows.applied;
    model.input.shift.resize(model.input.scale.size(), 0.0);  // sparse data may leave its shifts out
    const bool scaled = run.task == Task::regression && (!data.target_scale.empty() || !rows.targets.empty());
    if (scaled) {
        model.target_scale = rows.target_scale;
        model.target_shift = rows.target_shift;
    }
    if (data.preparation) model.preparation = *data.preparation;
    return model;
}

template <class Real>
MemberResult finish_member(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows,
                           const TrainingLoop<Real>& loop, std::size_t m) {
    const MemberTrack<Real>& track = loop.state().tracks[m];
    MemberResult result;
    result.member = run.members[m];
    result.history = track.history;
    result.divergence = track.divergence;
    const bool has_best = track.best_epoch > 0;
    result.model = make_model(data, run, rows, has_best ? track.best_parameters : loop.model_parameters(m));
    result.nonzero_weights = count_nonzero_weights(result.model);
    Json settings = settings_json(run, std::span(run.members).subspan(m, 1), options);
    settings.add("steps", loop.state().step);
    result.model.trained_with = settings.dump();
    result.best_epoch = has_best ? track.best_epoch : (track.history.empty() ? 0 : track.history.back().epoch);
    result.best_loss =
        has_best ? track.best_loss : (track.history.empty() ? std::numeric_limits<double>::infinity() : track.history.back().loss);
    return result;
}

/// The models that were trained without a fold, scored on its rows: each fold is copied once. Model::evaluate brings the units.
template <class Real>
void score_folds(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows,
                 const TrainingLoop<Real>& loop, std::vector<MemberResult>& settings) {
    PredictOptions predict;
    predict.threads = options.threads;
    for (std::int64_t fold = 0; fold < options.folds; ++fold) {
        std::vector<std::int64_t> held_out;
        for (std::size_t r = 0; r < rows.row_fold.size(); ++r)
            if (rows.row_fold[r] == fold) held_out.push_back(static_cast<std::int64_t>(r));
        const Dataset part = data.select(held_out);
        for (std::int64_t s = 0; s < run.settings; ++s) {
            const auto m = static_cast<std::size_t>(run.settings + s * options.folds + fold);
            Metrics metrics;
            metrics.rows = part.rows();
            metrics.loss = std::numeric_limits<double>::infinity();
            if (!loop.state().tracks[m].divergence) metrics = make_model(data, run, rows, loop.model_parameters(m)).evaluate(part, predict);
            settings[static_cast<std::size_t>(s)].folds.push_back(metrics);
        }
    }
    for (MemberResult& setting : settings) setting.best_loss = summary_of(setting.folds)[0].mean;
}

template <class Real>
Run finish(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows,
           const TrainingLoop<Real>& loop, StopReason stop) {
    Run out;
    for (std::int64_t m = 0; m < run.settings; ++m)
        out.members.push_back(finish_member(data, options, run, rows, loop, static_cast<std::size_t>(m)));
    if (options.folds > 0) score_folds(data, options, run, rows, loop, out.members);
    const auto rank = [](const MemberResult& r) { return std::pair(r.divergence.has_value(), r.best_loss); };
    const auto best =
        std::min_element(out.members.begin(), out.members.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    out.best_member = best - out.members.begin();
    out.model = best->model;
    out.history = best->history;
    out.best_epoch = best->best_epoch;
    out.nonzero_weights = best->nonzero_weights;
    out.divergence = best->divergence;
    out.stop = stop;
    out.plan = loop.plan();
    out.steps = loop.state().step;
    out.seconds = loop.seconds();
    out.advice = out.divergence ? out.divergence->message : advise(rows.problem, run, options, *best, stop);
    return out;
}

template <class Real>
Run train_as(const Dataset& data, const TrainOptions& options, bool resumed) {
    const auto start = std::chrono::steady_clock::now();
    const ResolvedRun run = resolve(data, options);
    const auto rows = set_up<Real>(data, options, run);
    TrainingLoop<Real> loop(data, options, run, *rows);
    if (resumed)
        loop.begin_from(options.checkpoint.directory);
    else
        loop.begin(initial_state(data, options, run, *rows));
    const double prepare_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const StopReason stop = loop.run();
    Run out = finish(data, options, run, *rows, loop, stop);
    out.prepare_seconds = prepare_seconds;
    return out;
}

Run dispatch(const Dataset& data, const TrainOptions& options, bool resumed) {
    return data.real_type() == RealType::float32 ? train_as<float>(data, options, resumed) : train_as<double>(data, options, resumed);
}

}  // namespace

Run train(const Dataset& data, const TrainOptions& options) {
    return dispatch(data, options, false);
}

Run resume(const Dataset& data, const std::string& directory, const TrainOptions& options) {
    if (directory.empty()) fail(ErrorKind::usage, "resume needs the directory that holds the checkpoints, not an empty name");
    TrainOptions continued = options;
    continued.checkpoint.directory = directory;
    return dispatch(data, continued, true);
}

}  // namespace glissade
