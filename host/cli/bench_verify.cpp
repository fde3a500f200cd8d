// SPDX-License-Identifier: Apache-2.0
#include "host/cli/bench_verify.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "glissade/error.hpp"
#include "glissade/rules/bfloat16.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "host/scheduler/scheduler.hpp"
#include "host/train/initial_weights.hpp"
#include "host/train/problem_setup.hpp"

namespace glissade::cli {
namespace {

constexpr std::int64_t most_rows = 2000, most_steps = 200;
constexpr std::int64_t most_values = std::int64_t{1} << 25;  ///< of the rows as a matrix of doubles
constexpr double most_products = 2e8;                        ///< multiplications in the reference's runs together: some seconds

template <class Rule>
reference::Fields fields_of(const Rule& rule) {
    reference::Fields fields;
    for (const FieldInfo& field : rule.fields()) {
        if (field.name != "lr") fields.emplace(field.name, rule.get(field.name));
    }
    return fields;
}

reference::Settings settings_of(const ResolvedRun& run, const TrainOptions& options) {
    const Member& member = run.members.front();
    reference::Settings settings;
    settings.loss = run.spec.loss.name();
    settings.loss_fields = fields_of(run.spec.loss);
    settings.optimizer = member.optimizer.name();
    settings.fields = fields_of(member.optimizer);
    settings.l1 = member.l1;
    settings.l2 = member.l2;
    settings.decay_bias = options.decay_bias;
    settings.clip_norm = options.clip_norm;
    settings.clip_value = options.clip_value;
    settings.average = options.average.on();
    settings.average_from = run.average.first_step;
    settings.activation = run.spec.activation.name();
    settings.activation_fields = fields_of(run.spec.activation);
    settings.label_smoothing = options.label_smoothing;
    settings.average_decay = options.average.kind == AverageKind::exponential ? options.average.decay : 0;
    return settings;
}

template <class Real>
reference::Problem problem_of(const Problem<Real>& rows) {
    reference::Problem problem;
    problem.rows = rows.features.rows;
    problem.features = rows.features.columns;
    problem.outputs = rows.outputs;
    problem.target_count = rows.target_count;
    problem.bias = rows.bias;
    problem.hidden = rows.hidden.widths;
    problem.x.resize(static_cast<std::size_t>(problem.rows * problem.features));
    for (std::int64_t r = 0; r < problem.rows; ++r) {
        double* const row = problem.x.data() + r * problem.features;
        if (!rows.is_sparse()) {
            std::copy_n(rows.features.row(r), problem.features, row);
            for (std::int64_t j = 0; rows.bfloat16 && j < problem.features; ++j)
                row[j] = static_cast<double>(rules::rounded_to_bfloat16(static_cast<float>(row[j])));
            continue;
        }
        for (std::int64_t k = rows.sparse.offsets[r]; k < rows.sparse.offsets[r + 1]; ++k)
            row[rows.sparse.indices[k]] = rows.sparse.values[k];
    }
    problem.targets.assign(rows.targets, rows.targets + problem.rows * problem.target_count);
    if (rows.weights != nullptr) problem.weights.assign(rows.weights, rows.weights + problem.rows);
    return problem;
}

std::vector<reference::Step> steps_of(const ResolvedRun& run, const TrainOptions& options) {
    std::vector<reference::Step> steps;
    const BatchPlan& batches = run.batches;
    for (std::int64_t s = 0; s < run.total_steps; ++s) {
        const std::int64_t batch = s % batches.steps_per_epoch;
        const EpochOrder order = batches.order.epoch(s / batches.steps_per_epoch);
        const ScheduleValue value =
            options.schedule.at({s, batches.steps_per_epoch, run.total_steps, batches.batch_size}, run.members.front().optimizer.get("lr"));
        reference::Step step;
        for (std::int64_t i = 0; i < batches.rows(batch); ++i) step.rows.push_back(order(batches.begin(batch) + i));
        step.lr = value.lr;
        step.momentum = value.momentum;
        steps.push_back(std::move(step));
    }
    return steps;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

template <class Real>
Verification verify_as(const Dataset& data, const TrainOptions& options, bool with_cuda) {
    const ResolvedRun run = resolve(data, options);
    const auto rows = set_up<Real>(data, options, run);
    const reference::Problem problem = problem_of(rows->problem);
    const reference::Settings settings = settings_of(run, options);
    const auto steps = steps_of(run, options);
    std::vector<double> start = initial_weights(run.spec, options.init, run.members.front().init_seed);
    for (double& value : start) value = static_cast<double>(static_cast<Real>(value));
    const auto truth = reference::train(problem, settings, steps, start);
    const double unit = sizeof(Real) == 4 ? reference::float32_unit : reference::float64_unit;
    const auto bounds = reference::error_bounds(problem, settings, steps, start, unit);
    const std::vector<double>& wanted = options.average.on() ? truth.average : truth.parameters.back();
    const double bound = options.average.on() ? bounds.average : bounds.worst_parameter();

    Verification result;
    result.rows = data.rows();
    result.steps = run.total_steps;
    std::vector<double> cpu_parameters;
    for (const char* device : {"cpu", "cuda"}) {
        if (!with_cuda && std::string_view(device) == "cuda") continue;
        TrainOptions on_device = options;
        on_device.device = device;
        const auto parameters = train(data, on_device).model.parameters;
        if (cpu_parameters.empty()) cpu_parameters = parameters;
        result.verdicts.push_back({device, largest_difference(parameters, wanted), bound, parameters == cpu_parameters});
    }
    return result;
}

}  // namespace

Verification verify(const Dataset& data, TrainOptions options, bool with_cuda) {
    if (options.schedule.watches_loss())
        fail(ErrorKind::usage,
             "--verify steps through a schedule that is a function of the step; " + options.schedule.text() + " depends on the losses");
    if (options.dropout > 0) fail(ErrorKind::usage, "--verify steps through a network as it is: leave --dropout out");
    const std::int64_t rows = std::min({most_rows, data.rows(), std::max<std::int64_t>(1, most_values / data.columns())});
    std::vector<std::int64_t> first(static_cast<std::size_t>(rows));
    std::iota(first.begin(), first.end(), 0);
    const Dataset some = data.select(first);
    options.members.clear();
    options.validation = {};
    options.folds = 0;
    options.patience = 0;
    options.tol = options.max_seconds = 0;
    const std::int64_t batch = options.batch_size == full_batch ? rows : std::min(options.batch_size, rows);
    const auto outputs =
        static_cast<double>(std::max<std::int64_t>(data.target_count(), static_cast<std::int64_t>(data.class_labels.size())));
    double products = static_cast<double>(data.columns()) * outputs;  // of a row
    if (!options.hidden.empty())
        products =
            static_cast<double>(dense_layers(data.columns(), options.hidden, static_cast<std::int64_t>(outputs), false).back().end());
    const double a_step = static_cast<double>(batch) * products * (reference::bound_samples + 1);
    const auto affordable = static_cast<std::int64_t>(most_products / a_step);
    const std::int64_t steps = std::clamp<std::int64_t>(affordable, 1, most_steps);
    options.max_steps = options.max_steps > 0 ? std::min(options.max_steps, steps) : steps;
    return some.real_type() == RealType::float32 ? verify_as<float>(some, options, with_cuda) : verify_as<double>(some, options, with_cuda);
}

}  // namespace glissade::cli
