// SPDX-License-Identifier: Apache-2.0
// What a run is: its settings against each other and against the data.
#include "host/train/problem_setup.hpp"

#include <algorithm>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cpu/budget.hpp"
#include "host/scheduler/scheduler.hpp"
#include "host/train/data_checks.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/folds.hpp"
#include "host/train/option_checks.hpp"

namespace glissade {

namespace {

constexpr std::int64_t most_classes = 1'000'000;

/// The number of classes that the targets speak of. Throws Error(data) for a target that is no class index, and for one class only, unless
/// the run goes on from a model, which knows the others: it may meet rows of any of them.
template <class Real>
std::int64_t count_classes(const Dataset& data, bool goes_on) {
    const auto targets = data.targets<Real>();
    double top = 1;
    bool differ = false;
    for (std::size_t r = 0; r < targets.size(); ++r) {
        const double y = targets[r];
        if (!is_class_index(y, static_cast<double>(most_classes)))
            fail(ErrorKind::data,
                 "training data, row " + std::to_string(r + 1) + ": target " + std::to_string(y) + " is not a class index (0, 1, 2, ...)");
        top = std::max(top, y);
        differ = differ || targets[r] != targets[0];
    }
    if (!differ && !goes_on) fail(ErrorKind::data, "the targets have one class only: there is nothing to tell apart");
    return static_cast<std::int64_t>(top) + 1;
}

Loss choose_loss(const Dataset& data, const TrainOptions& options) {
    if (!options.loss.is_auto()) return options.loss;
    if (data.task == Task::regression) return Loss("squared");
    return Loss(data.class_labels.size() > 2 && data.target_count() == 1 ? "softmax" : "logistic");
}

/// Names of labels 0, 1, ... where the data set has none.
std::vector<std::string> labels_of(const Dataset& data, std::int64_t count) {
    std::vector<std::string> labels = data.class_labels;
    if (labels.empty())
        for (std::int64_t c = 0; c < count; ++c) labels.push_back(std::to_string(c));
    return labels;
}

/// Rows of several labels, each yes or no. The targets themselves are checked later.
void take_labels(const Dataset& data, ResolvedRun& run) {
    const std::int64_t count = data.target_count();
    const std::string loss(run.spec.loss.name());
    if (run.spec.loss.kind() != LossKind::binary)
        fail(ErrorKind::usage, "loss " + loss + " takes one class a row, but the data has " + std::to_string(count) +
                                   " targets a row: take logistic or another loss of two classes for labels of 0 and 1");
    if (!data.class_labels.empty() && static_cast<std::int64_t>(data.class_labels.size()) != count)
        fail(ErrorKind::data, "class_labels of the training data names " + std::to_string(data.class_labels.size()) +
                                  " labels, its rows have " + std::to_string(count) + " targets");
    run.spec.multi_label = true;
    run.spec.outputs = count;
    run.class_labels = labels_of(data, count);
}

void take_classes(const Dataset& data, const TrainOptions& options, ResolvedRun& run) {
    const bool goes_on = options.start.has_value();
    const std::int64_t counted =
        data.real_type() == RealType::float32 ? count_classes<float>(data, goes_on) : count_classes<double>(data, goes_on);
    const std::int64_t classes = data.class_labels.empty() ? counted : static_cast<std::int64_t>(data.class_labels.size());
    run.spec.outputs = run.spec.loss.kind() == LossKind::grouped || classes > 2 ? classes : 1;
    if (classes < 2)
        fail(ErrorKind::data, "class_labels of the training data names " + std::to_string(classes) + " class, not two or more");
    run.class_labels = labels_of(data, classes);
}

std::vector<Member> list_members(const TrainOptions& options) {
    std::vector<Member> members = options.members;
    if (members.empty()) members.push_back({options.optimizer, options.l1, options.l2, options.seed, options.seed});
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

bool same_activation(const Activation& a, const Activation& b) {
    if (a.name() != b.name()) return false;
    for (const FieldInfo& field : a.fields())
        if (a.get(field.name) != b.get(field.name)) return false;
    return true;
}

/// What hidden layers, label smoothing, storage and precision do not go with.
void check_shape(const Dataset& data, const TrainOptions& options, const ResolvedRun& run) {
    const ModelSpec& spec = run.spec;
    const std::string_view loss = spec.loss.name();
    if (options.label_smoothing > 0 && loss != "logistic" && loss != "softmax")
        fail(ErrorKind::usage, "label smoothing is for the losses logistic and softmax, not for " + std::string(loss));
    if (options.storage == Storage::bfloat16 && data.is_sparse())
        fail(ErrorKind::usage, "storage bfloat16 is for dense rows, but the data is sparse: take float32, or make the data dense");
    if (options.storage == Storage::bfloat16 && data.real_type() != RealType::float32)
        fail(ErrorKind::usage, "storage bfloat16 is for runs in float32, but the data is in float64: take float32 for one of the two");
    if (options.matmul_precision != MatmulPrecision::float32 && (!spec.is_network() || data.real_type() != RealType::float32))
        fail(ErrorKind::usage,
             "precision tf32 and bfloat16 are for the matrix products of networks in float32: set hidden layers, or take float32");
    if (!spec.is_network()) return;
    if (data.is_sparse())
        fail(ErrorKind::usage, "hidden layers read dense rows, but the data is sparse: leave hidden out, or make it dense");
    if (const std::string fault = shape_fault(spec); !fault.empty()) fail(ErrorKind::usage, "the network has " + fault);
}

/// A network that cannot fit is refused before its parameters are made.
void check_room(RealType type, const TrainOptions& options, const ResolvedRun& run) {
    if (!run.spec.is_network()) return;
    const std::int64_t count = run.spec.parameter_count(),
                       vectors = 1 + run.members[0].optimizer.state_count() + (options.average.on() ? 1 : 0);
    const std::int64_t bytes = count * static_cast<std::int64_t>(run.members.size()) * vectors * 2 * real_bytes(type);
    const std::int64_t limit = options.memory_limit_bytes > 0 ? options.memory_limit_bytes : available_memory_bytes();
    if (bytes > limit)
        fail(ErrorKind::memory, "the network has " + std::to_string(count) + " parameters; with the state of " +
                                    std::string(run.members[0].optimizer.name()) + ", twice, " +
                                    (run.members.size() > 1 ? "and of " + std::to_string(run.members.size()) + " members, " : "") +
                                    "they take " + cpu::bytes_text(bytes) + ", but " + cpu::bytes_text(limit) +
                                    (options.memory_limit_bytes > 0 ? " are allowed" : " are available") + ": use narrower layers");
}

void check_start(const Model& start, const ResolvedRun& run) {
    check_model(start, "the model to start from");
    const ModelSpec &there = start.spec, &here = run.spec;
    if (there.multi_label != here.multi_label)
        fail(ErrorKind::usage, "the model to start from is of one class a row and this run of several labels, or the other way round");
    if (there.features != here.features || there.outputs != here.outputs || there.bias != here.bias)
        fail(ErrorKind::usage, "the model to start from has " + std::to_string(there.features) + " features and " +
                                   std::to_string(there.outputs) + " outputs, " + (there.bias ? "a bias" : "no bias") + ", this run " +
                                   std::to_string(here.features) + " and " + std::to_string(here.outputs) + ", " +
                                   (here.bias ? "a bias" : "no bias"));
    if (there.hidden != here.hidden || (here.is_network() && !same_activation(there.activation, here.activation)))
        fail(ErrorKind::usage, "the model to start from has other hidden layers than this run");
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
    run.spec.hidden = options.hidden;
    run.spec.activation = options.activation;
    run.task = run.spec.loss.kind() == LossKind::regression ? Task::regression : Task::classification;
    if (run.task == Task::regression) {
        if (data.task == Task::classification)
            fail(ErrorKind::usage, "loss " + std::string(run.spec.loss.name()) + " is for regression, but the targets are classes");
        run.spec.outputs = data.target_count();
        check_link(data, options, run.spec.loss);
    } else {
        data.target_count() > 1 ? take_labels(data, run) : take_classes(data, options, run);
    }
    check_shape(data, options, run);
    check_scorable(data, run.spec, "training data");
    if (options.validation.rows() > 0) check_validation(data, options.validation, run);
    if (options.standardize && !data.input.empty()) fail(ErrorKind::usage, "the data is standardised already");
    if (options.start) check_start(*options.start, run);
    check_folds(options.folds, data.rows());
    run.members = list_members(options);
    add_folds(options.folds, run);
    check_room(data.real_type(), options, run);
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

}  // namespace glissade
