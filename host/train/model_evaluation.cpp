// SPDX-License-Identifier: Apache-2.0
// Model: metrics and coefficients.
#include <algorithm>
#include <utility>

#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/train/data_checks.hpp"
#include "host/train/prediction.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

template <class Real>
ScoreTask<Real> task_of(const Model& model, const TypedModel<Real>& typed, const Dataset& data) {
    if (data.place()) return typed.task(model, DeviceMatrix(data));
    return data.is_sparse() ? typed.task(model, data.sparse<Real>()) : typed.task(model, data.features<Real>());
}

template <class Real>
Metrics evaluate_as(const Model& model, const Dataset& data, const PredictOptions& options) {
    const TypedModel<Real> typed(model, data.input.empty());
    const ScoreTask<Real> task = task_of(model, typed, data);
    const DeviceChoice device = choose_for_task(task, options);
    if (data.rows() == 0) return {};
    bool on_cpu = false;
    const auto targets = targets_in_units<Real>(data, model.task, model.target_scale, model.target_shift);
    const auto weights = data.has_weights() ? data.weights<Real>() : std::span<const Real>{};
    JudgedRows<Real> rows = judged_rows<Real>(model.spec, {{}, targets, weights, model.target_scale}, LossUnits::user);
    const JudgedTotals totals = judged_totals(rows);
    if constexpr (sizeof(Real) == 4) {
        if (device.cuda) {
            rows.features = task.x;
            if (data.is_sparse()) rows.features = {nullptr, data.rows(), data.columns(), 0};
            rows.sparse = task.sparse;
            rows.place = task.place;
            const auto sums = on_chosen_card(device, options, [&] { return judge_on_cuda(task, rows, device.ordinal); });
            if (sums) return metrics_of(model.spec, data.rows(), totals, *sums);
            on_cpu = true;
        }
    }
    std::vector<Real> scores(static_cast<std::size_t>(data.rows() * model.spec.outputs));
    PredictOptions scoring = options;
    if (on_cpu) scoring.device = "cpu";
    ScoreRuns<Real>(task, scoring).run(task, scores);
    return metrics_of(model.spec, data.rows(), totals, judge_scores<Real>(rows, scores, model.spec.outputs));
}

template <class To, class From>
void convert_rows(const SparseView<const From>& x, Dataset& out) {
    const std::int64_t begin = x.offsets[0];
    for (std::int64_t r = 0; r <= x.rows; ++r) out.mutable_offsets()[r] = x.offsets[r] - begin;
    std::copy_n(x.indices + begin, x.nonzeros(), out.mutable_indices());
    std::transform(x.values + begin, x.values + begin + x.nonzeros(), out.mutable_values<To>(), [](From v) { return static_cast<To>(v); });
}

/// The data set in the model's real type.
Dataset in_real_type(const Dataset& data, RealType type) {
    if (data.real_type() == type) return data;
    if (data.place()) fail(ErrorKind::usage, "a model of float64 runs on the CPU, which does not read rows in the memory of a device");
    Dataset out = data.is_sparse() ? Dataset::allocate_sparse(type, data.rows(), data.columns(), data.nonzeros(), data.target_count(),
                                                              data.has_weights())
                                   : Dataset::allocate(type, data.rows(), data.columns(), data.target_count(), data.has_weights());
    const auto convert = [&]<class To, class From>(To, From) {
        if (data.is_sparse()) convert_rows<To>(data.sparse<From>(), out);
        for (std::int64_t r = 0; r < data.rows() && !data.is_sparse(); ++r)
            std::transform(data.features<From>().row(r), data.features<From>().row(r) + data.columns(),
                           out.mutable_features<To>() + r * out.stride(), [](From v) { return static_cast<To>(v); });
        std::transform(data.targets<From>().begin(), data.targets<From>().end(), out.mutable_targets<To>(),
                       [](From v) { return static_cast<To>(v); });
        if (data.has_weights())
            std::transform(data.weights<From>().begin(), data.weights<From>().end(), out.mutable_weights<To>(),
                           [](From v) { return static_cast<To>(v); });
    };
    type == RealType::float32 ? convert(float{}, double{}) : convert(double{}, float{});
    out.task = data.task;
    out.class_labels = data.class_labels;
    out.input = data.input;
    out.target_scale = data.target_scale;
    out.target_shift = data.target_shift;
    return out;
}

}  // namespace

Metrics Model::evaluate(const Dataset& data, const PredictOptions& options) const {
    check_use(*this, options);
    if (!data.has_targets()) fail(ErrorKind::data, "evaluation needs targets");
    const Dataset typed = in_real_type(data, real_type);
    check_scorable(typed, spec, "the data");
    if (!typed.input.empty()) check_same_input(typed, input, "the data");
    check_same_classes(typed, class_labels, "the data");
    return real_type == RealType::float32 ? evaluate_as<float>(*this, typed, options) : evaluate_as<double>(*this, typed, options);
}

void Model::coefficients(std::vector<double>& weights_out, std::vector<double>& biases_out) const {
    check_model(*this);
    if (spec.is_network()) fail(ErrorKind::usage, "a model with hidden layers has no coefficients: no number of it belongs to one feature");
    std::vector<double> weights(parameters.begin(), parameters.begin() + spec.weight_count());
    std::vector<double> biases(static_cast<std::size_t>(spec.outputs), 0.0);
    for (std::int64_t o = 0; o < spec.outputs; ++o) {
        double& bias = biases[static_cast<std::size_t>(o)];
        if (spec.bias) bias = parameters[static_cast<std::size_t>(spec.weight_count() + o)];
        const bool scaled = task == Task::regression && !target_scale.empty();
        const double factor = scaled ? target_scale[static_cast<std::size_t>(o)] : 1.0;
        for (std::int64_t j = 0; j < spec.features; ++j) {
            double& w = weights[static_cast<std::size_t>(o * spec.features + j)];
            if (!input.empty()) {
                bias += w * input.shift[static_cast<std::size_t>(j)];
                w *= input.scale[static_cast<std::size_t>(j)];
            }
            w *= factor;
        }
        bias = bias * factor + (scaled ? target_shift[static_cast<std::size_t>(o)] : 0.0);
    }
    weights_out = std::move(weights);
    biases_out = std::move(biases);
}

}  // namespace glissade
