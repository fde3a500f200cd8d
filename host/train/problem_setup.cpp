// SPDX-License-Identifier: Apache-2.0
#include "host/train/problem_setup.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "glissade/error.hpp"
#include "host/execution/idle.hpp"
#include "host/train/folds.hpp"
#include "host/train/prediction.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/standardization.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

template <class Real>
std::vector<double> rows_of_class(const Dataset& data, std::int64_t classes) {
    std::vector<double> count(static_cast<std::size_t>(classes), 0.0);
    for (const Real y : data.targets<Real>()) count[static_cast<std::size_t>(y)] += 1;
    return count;
}

std::vector<double> class_counts(const Dataset& data, std::int64_t classes) {
    return data.real_type() == RealType::float32 ? rows_of_class<float>(data, classes) : rows_of_class<double>(data, classes);
}

/// A view of memory of the host, or of the device that data.place() names.
template <class Real>
MatrixView<const Real> dense_features(const Dataset& data) {
    if constexpr (std::is_same_v<Real, float>) {
        if (data.place()) return data.device_features();
    }
    return data.features<Real>();
}

template <class Real>
void keep_affine(TrainingRows<Real>& rows) {
    rows.scale.assign(rows.applied.scale.begin(), rows.applied.scale.end());
    rows.shift.assign(rows.applied.shift.begin(), rows.applied.shift.end());
}

/// Brings the weights, without the rows of fold `set` - 1, to mean 1, and puts them in their column of rows.weights.
template <class Real>
void add_weight_set(const std::vector<double>& weights, std::int64_t set, std::int64_t sets, TrainingRows<Real>& rows) {
    const auto is_held_out = [&](std::size_t i) { return set > 0 && rows.row_fold[i] == set - 1; };
    double sum = 0, held_out = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) (is_held_out(i) ? held_out : sum) += weights[i];
    if (set == 0 && !(sum > 0)) fail(ErrorKind::data, "every row weight is 0");
    if (set > 0 && (!(sum > 0) || !(held_out > 0)))
        fail(ErrorKind::data,
             "every row weight " + std::string(sum > 0 ? "in" : "outside") + " fold " + std::to_string(set) + " is 0: use fewer folds");
    const double mean = sum / static_cast<double>(weights.size());
    const auto stride = static_cast<std::size_t>(sets);
    rows.weights.resize(weights.size() * stride);
    for (std::size_t i = 0; i < weights.size(); ++i)
        rows.weights[i * stride + static_cast<std::size_t>(set)] = static_cast<Real>((is_held_out(i) ? 0.0 : weights[i]) / mean);
}

template <class Real>
void fill_weights(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, TrainingRows<Real>& rows) {
    std::vector<double> by_class = options.class_weights;
    const auto classes = static_cast<std::int64_t>(run.class_labels.size());
    if (options.balanced || !by_class.empty()) {
        if (run.task != Task::classification) fail(ErrorKind::usage, "class weights need classes, but this is a regression");
        if (run.spec.multi_label) fail(ErrorKind::usage, "class weights need one class a row, but the rows have several labels");
        if (options.balanced)
            for (const double count : class_counts(data, classes))
                by_class.push_back(count > 0 ? static_cast<double>(data.rows()) / (static_cast<double>(classes) * count) : 0.0);
        if (static_cast<std::int64_t>(by_class.size()) != classes)
            fail(ErrorKind::usage, std::to_string(by_class.size()) + " class weights for " + std::to_string(classes) + " classes");
    }
    if (by_class.empty() && !data.has_weights() && options.folds == 0) return;
    const auto own = data.has_weights() ? data.weights<Real>() : std::span<const Real>{};
    const auto targets = data.targets<Real>();
    std::vector<double> weights(static_cast<std::size_t>(data.rows()), 1.0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!own.empty()) weights[i] = own[i];
        if (!by_class.empty()) weights[i] *= by_class[static_cast<std::size_t>(targets[i])];
    }
    if (options.folds > 0) rows.row_fold = assign_folds(data, run.task, options.folds, options.seed);
    for (std::int64_t set = 0; set <= options.folds; ++set) add_weight_set(weights, set, options.folds + 1, rows);
}

/// The validation rows, as they will be judged after each epoch.
template <class Real>
void add_held_out(const TrainOptions& options, const ResolvedRun& run, TrainingRows<Real>& rows) {
    const Dataset& data = options.validation;
    rows.held_out_targets = targets_in_units<Real>(data, run.task, rows.target_scale, rows.target_shift);
    const auto weights = data.has_weights() ? data.weights<Real>() : std::span<const Real>{};
    rows.held_out = judged_rows<Real>(run.spec, {{}, rows.held_out_targets, weights, rows.target_scale}, LossUnits::trained);
    rows.problem.held_out = rows.held_out;
    if (data.is_sparse()) {
        rows.problem.held_out.features = {nullptr, data.rows(), data.columns(), 0};
        rows.problem.held_out.sparse = data.sparse<Real>();
        return;
    }
    rows.problem.held_out.features = dense_features<Real>(data);
    rows.problem.held_out.place = data.place();
}

IdlePlan idle_of_run(const TrainOptions& options, const ResolvedRun& run) {
    bool decays = false, shrinks = false;
    for (const Member& member : run.members) {
        decays = decays || member.l2 > 0 || (!member.optimizer.decoupled_decay() && member.optimizer.get("weight_decay") > 0);
        shrinks = shrinks || member.l1 > 0;
    }
    return plan_idle(run.members[0].optimizer.index(), run.members[0].optimizer.variant(), decays, shrinks, options.average.on());
}

}  // namespace

template <class Real>
std::unique_ptr<TrainingRows<Real>> set_up(const Dataset& data, const TrainOptions& options, const ResolvedRun& run) {
    auto rows = std::make_unique<TrainingRows<Real>>();
    rows->target_scale =
        data.target_scale.empty() ? std::vector<double>(static_cast<std::size_t>(data.target_count()), 1.0) : data.target_scale;
    rows->target_shift =
        data.target_shift.empty() ? std::vector<double>(static_cast<std::size_t>(data.target_count()), 0.0) : data.target_shift;
    if (options.standardize) {
        data.is_sparse() ? scale_columns(data, *rows) : standardize_columns(data, *rows);
        keep_affine(*rows);
    }
    if (options.standardize_target && run.task == Task::regression) standardize_targets(data, *rows);
    fill_weights(data, options, run, *rows);
    Problem<Real>& problem = rows->problem;
    if (data.is_sparse()) {
        problem.features = {nullptr, data.rows(), data.columns(), 0};
        problem.sparse = data.sparse<Real>();
        problem.idle = idle_of_run(options, run);
    } else {
        problem.features = dense_features<Real>(data);
        problem.place = data.place();
    }
    problem.targets = rows->targets.empty() ? data.targets<Real>().data() : rows->targets.data();
    problem.target_count = data.target_count();
    problem.weights = rows->weights.empty() ? nullptr : rows->weights.data();
    problem.weight_sets = options.folds + 1;
    if (!rows->scale.empty()) problem.affine = {rows->scale.data(), rows->shift.data()};
    problem.bfloat16 = options.storage == Storage::bfloat16;
    problem.matmul_precision = options.matmul_precision;
    problem.outputs = run.spec.outputs;
    problem.members = static_cast<std::int64_t>(run.members.size());
    problem.bias = run.spec.bias;
    problem.hidden = hidden_layers<Real>(run.spec);
    problem.dropout = static_cast<Real>(options.dropout);
    for (const Member& member : run.members) rows->dropout_seeds.push_back(member.dropout_seed);
    problem.dropout_seeds = options.dropout > 0 ? rows->dropout_seeds.data() : nullptr;
    problem.label_smoothing = static_cast<Real>(options.label_smoothing);
    problem.loss = run.spec.loss.index();
    double constants[max_loss_constants] = {};
    run.spec.loss.prepare(constants);
    for (int i = 0; i < max_loss_constants; ++i) problem.loss_constants[i] = static_cast<Real>(constants[i]);
    const Optimizer& optimizer = run.members[0].optimizer;
    problem.rule = optimizer.index();
    problem.variant = optimizer.variant();
    problem.state_count = optimizer.state_count();
    problem.averaging = options.average.on();
    problem.clip_norm = static_cast<Real>(options.clip_norm);
    problem.clip_value = static_cast<Real>(options.clip_value);
    problem.batches = run.batches;
    problem.nondeterministic = options.nondeterministic;
    if (options.validation.rows() > 0) add_held_out(options, run, *rows);
    return rows;
}

template std::unique_ptr<TrainingRows<float>> set_up(const Dataset&, const TrainOptions&, const ResolvedRun&);
template std::unique_ptr<TrainingRows<double>> set_up(const Dataset&, const TrainOptions&, const ResolvedRun&);

}  // namespace glissade
