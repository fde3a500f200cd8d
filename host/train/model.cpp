// SPDX-License-Identifier: Apache-2.0
#include "glissade/model.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "glissade/rules/math.hpp"
#include "host/execution/backend.hpp"
#include "host/train/data_checks.hpp"
#include "host/train/device_choice.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/option_checks.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

/// A model's numbers in the type that it predicts in.
template <class Real>
struct TypedModel {
    explicit TypedModel(const Model& model, bool apply_input) : parameters(model.parameters.begin(), model.parameters.end()) {
        if (!apply_input) return;
        scale.assign(model.input.scale.begin(), model.input.scale.end());
        shift.assign(model.input.shift.begin(), model.input.shift.end());
    }
    ScoreTask<Real> task(const Model& model, MatrixView<const Real> x) const {
        ScoreTask<Real> out;
        out.x = x;
        if (!scale.empty()) out.affine = {scale.data(), shift.data()};
        out.parameters = parameters.data();
        out.outputs = model.spec.outputs;
        out.bias = model.spec.bias;
        return out;
    }
    std::vector<Real> parameters, scale, shift;
};

template <class Real>
void run_scores(const ScoreTask<Real>& task, const PredictOptions& options, std::span<Real> out) {
    const DeviceChoice device = choose_device(options.device, real_type_of<Real>());
    if constexpr (sizeof(Real) == 4) {
        if (device.cuda) return score_on_cuda(task, device.ordinal, out);
    }
    score_on_cpu(task, options.threads > 0 ? options.threads : usable_processors(), out);
}

/// What every use of a model presumes of it and of how it is to be run.
void check_use(const Model& model, const PredictOptions& options) {
    check_model(model);
    check_threads(options.threads);
}

/// What every prediction presumes of its matrices: a view that can be read, room for `values_a_row` results a row.
template <class In>
void check_request(const Model& model, MatrixView<const In> x, std::int64_t values_a_row, std::size_t given) {
    check_view(x);
    if (x.columns != model.spec.features)
        fail(ErrorKind::data,
             "the matrix has " + std::to_string(x.columns) + " columns, the model was trained on " + std::to_string(model.spec.features));
    std::int64_t wanted = 0;
    if (__builtin_mul_overflow(x.rows, values_a_row, &wanted) || static_cast<std::int64_t>(given) != wanted)
        fail(ErrorKind::data, "the output holds " + std::to_string(given) + " values, " + std::to_string(x.rows) + " rows of " +
                                  std::to_string(values_a_row) + " are needed");
}

/// Scores in the model's own real type for a matrix of either type: a matrix of the other type is converted a block of rows at a time.
template <class Real, class In>
void score_matrix(const Model& model, MatrixView<const In> x, std::span<In> out, const PredictOptions& options) {
    const TypedModel<Real> typed(model, true);
    if constexpr (std::is_same_v<Real, In>) {
        run_scores(typed.task(model, x), options, out);
    } else {
        constexpr std::int64_t block_values = 1 << 20;
        const std::int64_t block =
            std::clamp<std::int64_t>(block_values / std::max<std::int64_t>(1, x.columns), 1, std::max<std::int64_t>(1, x.rows));
        std::vector<Real> rows(static_cast<std::size_t>(block * x.columns)), scores(static_cast<std::size_t>(block * model.spec.outputs));
        for (std::int64_t first = 0; first < x.rows; first += block) {
            const std::int64_t count = std::min(block, x.rows - first);
            for (std::int64_t r = 0; r < count; ++r)
                std::transform(x.row(first + r), x.row(first + r) + x.columns, rows.begin() + r * x.columns,
                               [](In v) { return static_cast<Real>(v); });
            const auto part = std::span<Real>(scores).first(static_cast<std::size_t>(count * model.spec.outputs));
            check_features(MatrixView<const Real>(rows.data(), count, x.columns), "the matrix in float32");
            run_scores(typed.task(model, MatrixView<const Real>(rows.data(), count, x.columns)), options, part);
            std::transform(part.begin(), part.end(), out.begin() + first * model.spec.outputs, [](Real v) { return static_cast<In>(v); });
        }
    }
}

template <class In>
void scores_of(const Model& model, MatrixView<const In> x, std::span<In> out, const PredictOptions& options) {
    check_request(model, x, model.spec.outputs, out.size());
    check_features(x, "the matrix");
    if (model.real_type == RealType::float32)
        score_matrix<float>(model, x, out, options);
    else
        score_matrix<double>(model, x, out, options);
    if (model.task == Task::classification || model.target_scale.empty()) return;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t o = i % static_cast<std::size_t>(model.spec.outputs);
        out[i] = static_cast<In>(static_cast<double>(out[i]) * model.target_scale[o] + model.target_shift[o]);
    }
}

template <class In>
void predict_matrix(const Model& model, MatrixView<const In> x, std::span<In> out, const PredictOptions& options) {
    if (model.task == Task::regression) {
        scores_of(model, x, out, options);
        if (model.spec.loss.link() == Link::logarithm)
            for (In& value : out) value = rules::exp(value);
        return;
    }
    check_request(model, x, 1, out.size());
    const std::int64_t outputs = model.spec.outputs;
    std::vector<In> scores(static_cast<std::size_t>(x.rows * outputs));
    scores_of<In>(model, x, scores, options);
    for (std::int64_t r = 0; r < x.rows; ++r) {
        const In* row = scores.data() + r * outputs;
        out[static_cast<std::size_t>(r)] =
            outputs == 1 ? In(row[0] > In(0) ? 1 : 0) : static_cast<In>(std::max_element(row, row + outputs) - row);
    }
}

template <class Rule>
constexpr bool has_probability = Rule::kind == LossKind::grouped || requires {
    Rule::probability(0.0f);
};

template <class... Rules>
std::string losses_with_probability(RuleList<Rules...>) {
    std::string text;
    ((text += has_probability<Rules> ? (text.empty() ? "" : ", ") + std::string(Rules::name) : std::string()), ...);
    return text;
}

/// Probabilities of a row's classes from its scores.
template <class Rule, class In>
void row_probabilities(const In* scores, In* p, std::int64_t classes) {
    if constexpr (Rule::kind == LossKind::grouped) {
        Rule::template evaluate_group<In>(scores, static_cast<int>(classes), 1, In(0), nullptr, p);
        p[0] += In(1);  // the slope of class 0 is its probability less 1
    } else {
        p[0] = Rule::probability(-scores[0]);
        p[1] = Rule::probability(scores[0]);
    }
}

template <class In>
void probabilities(const Model& model, MatrixView<const In> x, std::span<In> out, const PredictOptions& options) {
    visit_rule(LossRules{}, model.spec.loss.index(), [&]<class Rule>() {
        if constexpr (has_probability<Rule>) {
            const std::int64_t outputs = model.spec.outputs, classes = Rule::kind == LossKind::grouped ? outputs : 2;
            check_request(model, x, classes, out.size());
            std::vector<In> scores(static_cast<std::size_t>(x.rows * outputs));
            scores_of<In>(model, x, scores, options);
            for (std::int64_t r = 0; r < x.rows; ++r)
                row_probabilities<Rule>(scores.data() + r * outputs, out.data() + r * classes, classes);
        } else {
            fail(ErrorKind::usage, "probabilities need one of the losses " + losses_with_probability(LossRules{}) +
                                       "; this model was trained with " + std::string(Rule::name));
        }
    });
}

template <class Real>
Metrics evaluate_as(const Model& model, const Dataset& data, const PredictOptions& options) {
    const TypedModel<Real> typed(model, data.input.empty());
    std::vector<Real> scores(static_cast<std::size_t>(data.rows() * model.spec.outputs));
    run_scores<Real>(typed.task(model, data.features<Real>()), options, scores);
    const auto targets = targets_in_units<Real>(data, model.task, model.target_scale, model.target_shift);
    const auto weights = data.has_weights() ? data.weights<Real>() : std::span<const Real>{};
    return score_metrics<Real>(model.spec, {scores, targets, weights, model.target_scale}, LossUnits::user);
}

/// The data set in the model's real type.
Dataset in_real_type(const Dataset& data, RealType type) {
    if (data.real_type() == type) return data;
    Dataset out = Dataset::allocate(type, data.rows(), data.columns(), data.target_count(), data.has_weights());
    const auto convert = [&]<class To, class From>(To, From) {
        for (std::int64_t r = 0; r < data.rows(); ++r)
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

void Model::decision_function(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of(*this, x, out, o);
}
void Model::decision_function(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of(*this, x, out, o);
}
void Model::predict(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix(*this, x, out, o);
}
void Model::predict(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix(*this, x, out, o);
}
void Model::predict_proba(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities(*this, x, out, o);
}
void Model::predict_proba(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities(*this, x, out, o);
}

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
