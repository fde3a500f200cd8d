// SPDX-License-Identifier: Apache-2.0
#include "host/train/problem_setup.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "glissade/error.hpp"
#include "host/execution/idle.hpp"
#include "host/scheduler/scheduler.hpp"
#include "host/train/data_checks.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/folds.hpp"
#include "host/train/option_checks.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/standardization.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

constexpr std::int64_t most_classes = 1'000'000;

/// The number of classes that the targets speak of. Throws Error(data) for a target that is no class index, and for one class only.
template <class Real>
std::int64_t count_classes(const Dataset& data) {
    const auto targets = data.targets<Real>();
    double top = 1;
    bool differ = false;
    for (std::size_t r = 0; r < targets.size(); ++r) {
        const double y = targets[r];
        if (!(y >= 0) || y != std::floor(y) || y >= static_cast<double>(most_classes))
            fail(ErrorKind::data,
                 "training data, row " + std::to_string(r + 1) + ": target " + std::to_string(y) + " is not a class index (0, 1, 2, ...)");
        top = std::max(top, y);
        differ = differ || targets[r] != targets[0];
    }
    if (!differ) fail(ErrorKind::data, "the targets have one class only: there is nothing to tell apart");
    return static_cast<std::int64_t>(top) + 1;
}

template <class Real>
std::vector<double> rows_of_class(const Dataset& data, std::int64_t classes) {
    std::vector<double> count(static_cast<std::size_t>(classes), 0.0);
    for (const Real y : data.targets<Real>()) count[static_cast<std::size_t>(y)] += 1;
    return count;
}

std::vector<double> class_counts(const Dataset& data, std::int64_t classes) {
    return data.real_type() == RealType::float32 ? rows_of_class<float>(data, classes) : rows_of_class<double>(data, classes);
}

Loss choose_loss(const Dataset& data, const TrainOptions& options) {
    if (!options.loss.is_auto()) return options.loss;
    if (data.task == Task::regression) return Loss("squared");
    return Loss(data.class_labels.size() > 2 ? "softmax" : "logistic");
}

std::vector<Member> list_members(const TrainOptions& options) {
    std::vector<Member> members = options.members;
    if (members.empty()) members.push_back({options.optimizer, options.l1, options.l2, options.seed});
    for (const Member& member : members) {
        if (member.optimizer.index() != members[0].optimizer.index() || member.optimizer.variant() != members[0].optimizer.variant())
            fail(ErrorKind::usage,
                 "members of one run must share the kind of optimizer and its form (momentum, centered, amsgrad on or off)");
        if (member.l2 > 0 && member.optimizer.get("weight_decay") > 0 && !member.optimizer.decoupled_decay())
            fail(ErrorKind::usage,
                 "l2 and weight_decay are the same penalty for " + std::string(member.optimizer.name()) + ": set one of them");
        if (member.l1 > 0 && member.optimizer.has("l1_strength"))
            fail(ErrorKind::usage, "l1 shrinks the weights after a step, which " + std::string(member.optimizer.name()) +
                                       " would undo in the next: set its own l1_strength");
    }
    return members;
}

/// What a rule that looks at the gradient of all rows and sets its own steps does not go with.
void check_full_batch(const TrainOptions& options, const ResolvedRun& run) {
    const Optimizer& optimizer = run.members[0].optimizer;
    if (!optimizer.full_batch_only()) return;
    const std::string name(optimizer.name());
    if (run.batches.batch_size < run.batches.order.rows || options.shuffle == Shuffle::replacement)
        fail(ErrorKind::usage, name + " looks at the gradient of all rows: the batch size must be full, without replacement");
    if (!options.schedule.is_constant()) fail(ErrorKind::usage, name + " sets its own steps: the schedule must be constant");
    for (const Member& member : run.members)
        if (member.l1 > 0) fail(ErrorKind::usage, name + " has no step of a rate that l1 could shrink the weights by: use l2");
    if (!optimizer.driven_by_host()) return;
    if (options.clip_norm > 0 || options.clip_value > 0)
        fail(ErrorKind::usage, name + " searches by the gradient as it is: leave clipping out");
    if (options.average.on()) fail(ErrorKind::usage, name + " goes to the optimum: there is nothing to average");
}

/// Behind the members as they are listed, each again for each fold that it leaves out.
void add_folds(std::int64_t folds, ResolvedRun& run) {
    run.settings = static_cast<std::int64_t>(run.members.size());
    if (folds == 0) return;
    run.held_out.assign(run.members.size(), -1);
    for (std::int64_t s = 0; s < run.settings; ++s)
        for (std::int64_t fold = 0; fold < folds; ++fold) {
            run.members.push_back(Member(run.members[static_cast<std::size_t>(s)]));
            run.held_out.push_back(fold);
        }
}

/// A loss of the logarithm of the prediction needs targets in their own units.
void check_link(const Dataset& data, const TrainOptions& options, const Loss& loss) {
    if (loss.link() == Link::identity) return;
    const auto differs = [](const std::vector<double>& values, double neutral) {
        return std::any_of(values.begin(), values.end(), [neutral](double v) { return v != neutral; });
    };
    if (options.standardize_target || differs(data.target_scale, 1) || differs(data.target_shift, 0))
        fail(ErrorKind::usage, "loss " + std::string(loss.name()) + " predicts e^score, so its targets are not standardised");
}

void check_start(const Model& start, const ResolvedRun& run) {
    check_model(start, "the model to start from");
    const ModelSpec &there = start.spec, &here = run.spec;
    if (there.features != here.features || there.outputs != here.outputs || there.bias != here.bias)
        fail(ErrorKind::usage, "the model to start from has " + std::to_string(there.features) + " features and " +
                                   std::to_string(there.outputs) + " outputs, " + (there.bias ? "a bias" : "no bias") + ", this run " +
                                   std::to_string(here.features) + " and " + std::to_string(here.outputs) + ", " +
                                   (here.bias ? "a bias" : "no bias"));
    if (start.class_labels != run.class_labels) fail(ErrorKind::usage, "the model to start from knows other classes than the data");
}

/// Targets may be in other units than the training data's: both say in which.
void check_validation(const Dataset& data, const Dataset& validation, const ResolvedRun& run) {
    const std::string what = "validation data";
    if (validation.real_type() != data.real_type()) fail(ErrorKind::usage, "training and validation data differ in real type");
    if (validation.is_sparse() != data.is_sparse())
        fail(ErrorKind::usage, data.is_sparse() ? "the training data is sparse, the validation data dense"
                                                : "the training data is dense, the validation data sparse");
    if (!validation.has_targets()) fail(ErrorKind::data, "the validation data has no targets");
    check_scorable(validation, run.spec, what);
    check_same_input(validation, data.input, what);
    if (!data.class_labels.empty()) check_same_classes(validation, run.class_labels, what);
}

}  // namespace

ResolvedRun resolve(const Dataset& data, const TrainOptions& options) {
    check_options(options);
    if (!data.has_targets()) fail(ErrorKind::data, "the training data has no targets");
    if (data.columns() < 1) fail(ErrorKind::data, "the training data has no columns");
    ResolvedRun run;
    run.spec.loss = choose_loss(data, options);
    run.spec.features = data.columns();
    run.spec.bias = options.bias;
    run.task = run.spec.loss.kind() == LossKind::regression ? Task::regression : Task::classification;
    if (run.task == Task::regression) {
        if (data.task == Task::classification)
            fail(ErrorKind::usage, "loss " + std::string(run.spec.loss.name()) + " is for regression, but the targets are classes");
        run.spec.outputs = data.target_count();
        check_link(data, options, run.spec.loss);
    } else {
        const std::int64_t counted = data.real_type() == RealType::float32 ? count_classes<float>(data) : count_classes<double>(data);
        const std::int64_t classes = data.class_labels.empty() ? counted : static_cast<std::int64_t>(data.class_labels.size());
        run.spec.outputs = run.spec.loss.kind() == LossKind::grouped || classes > 2 ? classes : 1;
        if (classes < 2)
            fail(ErrorKind::data, "class_labels of the training data names " + std::to_string(classes) + " class, not two or more");
        run.class_labels = data.class_labels;
        if (run.class_labels.empty())
            for (std::int64_t c = 0; c < classes; ++c) run.class_labels.push_back(std::to_string(c));
    }
    check_scorable(data, run.spec, "training data");
    if (options.validation.rows() > 0) check_validation(data, options.validation, run);
    if (options.standardize && !data.input.empty()) fail(ErrorKind::usage, "the data is standardised already");
    if (options.start) check_start(*options.start, run);
    check_folds(options.folds, data.rows());
    run.members = list_members(options);
    add_folds(options.folds, run);
    const Optimizer& first = run.members[0].optimizer;
    if (options.schedule.moves_momentum() && first.has("momentum") && first.get("momentum") == 0)
        fail(ErrorKind::usage, "schedule " + options.schedule.text() + " moves the momentum too, but " + std::string(first.name()) +
                                   " has none: give it a momentum, 0.9 for instance");
    if (options.tol > 0 && options.schedule.watches_loss())
        fail(ErrorKind::usage, "tol ends the run where the training loss stalls, before schedule " + options.schedule.text() +
                                   " can lower the rate: leave it out; the schedule has settings of its own");
    run.batches = plan_batches(data.rows(), options.batch_size, options.drop_last, options.seed, options.shuffle);
    check_full_batch(options, run);
    constexpr std::int64_t most_steps = 1'000'000'000'000;
    if (options.epochs > most_steps / run.batches.steps_per_epoch)
        fail(ErrorKind::usage, std::to_string(options.epochs) + " epochs of " + std::to_string(run.batches.steps_per_epoch) +
                                   " steps are more than 10^12 steps");
    run.total_steps = options.epochs * run.batches.steps_per_epoch;
    if (options.max_steps > 0) run.total_steps = std::min(run.total_steps, options.max_steps);
    run.average = plan_averaging(options.average, run.batches, run.total_steps);
    if (options.average.on() && run.average.first_step > run.total_steps)
        fail(ErrorKind::usage, "averaging would begin with step " + std::to_string(run.average.first_step) + ", but the run has " +
                                   std::to_string(run.total_steps) + ": let it start earlier");
    run.total_epochs = (run.total_steps + run.batches.steps_per_epoch - 1) / run.batches.steps_per_epoch;
    return run;
}

namespace {

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
    if (data.is_sparse()) return;
    rows.problem.held_out = rows.held_out;
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
    problem.outputs = run.spec.outputs;
    problem.members = static_cast<std::int64_t>(run.members.size());
    problem.bias = run.spec.bias;
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
    if (options.validation.rows() > 0) add_held_out(options, run, *rows);
    return rows;
}

template std::unique_ptr<TrainingRows<float>> set_up(const Dataset&, const TrainOptions&, const ResolvedRun&);
template std::unique_ptr<TrainingRows<double>> set_up(const Dataset&, const TrainOptions&, const ResolvedRun&);

}  // namespace glissade
