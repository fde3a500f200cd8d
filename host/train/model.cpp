// SPDX-License-Identifier: Apache-2.0
#include "glissade/model.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "glissade/error.hpp"
#include "glissade/rules/math.hpp"
#include "host/data/dataset_storage.hpp"
#include "host/train/data_checks.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/prediction.hpp"

namespace glissade {

namespace {

template <class In>
void check_rows(MatrixView<const In> x) {
    check_view(x);
}
template <class In>
void check_rows(const SparseView<const In>& x) {
    storage::check_structure(x, "the sparse matrix");
}
void check_rows(const DeviceMatrix&) {}  // Dataset::borrow_device has

template <class View>
void check_finite(const View& x) {
    check_features(x, "the matrix");
}
void check_finite(const DeviceMatrix& x) {
    check_features(x.view, x.place, "the matrix");
}

/// What every prediction presumes of its matrices: a view that can be read, room for `values_a_row` results a row.
template <class View>
void check_request(const Model& model, const View& x, std::int64_t values_a_row, std::size_t given) {
    check_rows(x);
    if (x.columns != model.spec.features)
        fail(ErrorKind::data,
             "the matrix has " + std::to_string(x.columns) + " columns, the model was trained on " + std::to_string(model.spec.features));
    std::int64_t wanted = 0;
    if (__builtin_mul_overflow(x.rows, values_a_row, &wanted) || static_cast<std::int64_t>(given) != wanted)
        fail(ErrorKind::data, "the output holds " + std::to_string(given) + " values, " + std::to_string(x.rows) + " rows of " +
                                  std::to_string(values_a_row) + " are needed");
}

/// Scores in the model's own real type for a matrix of either type: a matrix of the other type is converted a block of rows at a time.
/// `raw`: the model's `input` is still to be applied.
template <class Real, class In>
void score_matrix(const Model& model, MatrixView<const In> x, std::span<In> out, const PredictOptions& options, bool raw) {
    const TypedModel<Real> typed(model, raw);
    if constexpr (std::is_same_v<Real, In>) {
        const ScoreTask<Real> task = typed.task(model, x);
        ScoreRuns<Real>(task, options).run(task, out);
    } else {
        constexpr std::int64_t block_values = 1 << 20;
        const std::int64_t block =
            std::clamp<std::int64_t>(block_values / std::max<std::int64_t>(1, x.columns), 1, std::max<std::int64_t>(1, x.rows));
        std::vector<Real> rows(static_cast<std::size_t>(block * x.columns)), scores(static_cast<std::size_t>(block * model.spec.outputs));
        const ScoreRuns<Real> runs(typed.task(model, MatrixView<const Real>(rows.data(), std::min(block, x.rows), x.columns)), options);
        for (std::int64_t first = 0; first < x.rows; first += block) {
            const std::int64_t count = std::min(block, x.rows - first);
            for (std::int64_t r = 0; r < count; ++r)
                std::transform(x.row(first + r), x.row(first + r) + x.columns, rows.begin() + r * x.columns,
                               [](In v) { return static_cast<Real>(v); });
            const auto part = std::span<Real>(scores).first(static_cast<std::size_t>(count * model.spec.outputs));
            check_features(MatrixView<const Real>(rows.data(), count, x.columns), "the matrix in float32");
            runs.run(typed.task(model, MatrixView<const Real>(rows.data(), count, x.columns)), part);
            std::transform(part.begin(), part.end(), out.begin() + first * model.spec.outputs, [](Real v) { return static_cast<In>(v); });
        }
    }
}

/// The same for rows on a device, which are float32.
template <class Real, class In>
void score_matrix(const Model& model, const DeviceMatrix& x, std::span<In> out, const PredictOptions& options, bool raw) {
    const TypedModel<Real> typed(model, raw);
    if constexpr (std::is_same_v<Real, float> && std::is_same_v<In, float>) {
        const ScoreTask<Real> task = typed.task(model, x);
        ScoreRuns<Real>(task, options).run(task, out);
    } else {
        fail(ErrorKind::usage, "a model of float64 runs on the CPU, which does not read rows in the memory of a device");
    }
}

/// The same for sparse rows.
template <class Real, class In>
void score_matrix(const Model& model, const SparseView<const In>& x, std::span<In> out, const PredictOptions& options, bool raw) {
    const TypedModel<Real> typed(model, raw);
    if constexpr (std::is_same_v<Real, In>) {
        const ScoreTask<Real> task = typed.task(model, x);
        ScoreRuns<Real>(task, options).run(task, out);
    } else {
        constexpr std::int64_t block = 4096;
        const std::int64_t none = 0;
        const ScoreRuns<Real> runs(typed.task(model, SparseView<const Real>{&none, nullptr, nullptr, 0, x.columns}), options);
        std::vector<Real> values, scores;
        for (std::int64_t first = 0; first < x.rows; first += block) {
            const std::int64_t count = std::min(block, x.rows - first), begin = x.offsets[first];
            values.assign(x.values + begin, x.values + x.offsets[first + count]);
            std::vector<std::int64_t> offsets(x.offsets + first, x.offsets + first + count + 1);
            for (std::int64_t& offset : offsets) offset -= begin;
            const SparseView<const Real> rows{offsets.data(), x.indices + begin, values.data(), count, x.columns};
            check_features(rows, "the matrix in float32");
            scores.resize(static_cast<std::size_t>(count * model.spec.outputs));
            runs.run(typed.task(model, rows), scores);
            std::transform(scores.begin(), scores.end(), out.begin() + first * model.spec.outputs,
                           [](Real v) { return static_cast<In>(v); });
        }
    }
}

template <class In, class View>
void scores_of(const Model& model, const View& x, std::span<In> out, const PredictOptions& options, bool raw = true) {
    check_request(model, x, model.spec.outputs, out.size());
    check_finite(x);
    if (model.real_type == RealType::float32)
        score_matrix<float>(model, x, out, options, raw);
    else
        score_matrix<double>(model, x, out, options, raw);
    if (model.task == Task::classification || model.target_scale.empty()) return;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t o = i % static_cast<std::size_t>(model.spec.outputs);
        out[i] = static_cast<In>(static_cast<double>(out[i]) * model.target_scale[o] + model.target_shift[o]);
    }
}

template <class In, class View>
void predict_matrix(const Model& model, const View& x, std::span<In> out, const PredictOptions& options, bool raw = true) {
    if (model.task == Task::regression) {
        scores_of<In>(model, x, out, options, raw);
        if (model.spec.loss.link() == Link::logarithm)
            for (In& value : out) value = rules::exp(value);
        return;
    }
    if (model.spec.multi_label) {
        scores_of<In>(model, x, out, options, raw);
        for (In& value : out) value = value > In(0) ? In(1) : In(0);
        return;
    }
    check_request(model, x, 1, out.size());
    const std::int64_t outputs = model.spec.outputs;
    std::vector<In> scores(static_cast<std::size_t>(x.rows * outputs));
    scores_of<In>(model, x, scores, options, raw);
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

/// Probabilities of a row's classes from its scores. One-vs-rest: each output's own, brought to sum 1; where every output is sure that it
/// is not its class, all alike, as scikit-learn has it. Of several labels each its own.
template <class Rule, class In>
void row_probabilities(const In* scores, In* p, const ModelSpec& spec) {
    const std::int64_t classes = spec.class_count();
    if constexpr (Rule::kind == LossKind::grouped) {
        Rule::template evaluate_group<In>(scores, static_cast<int>(classes), 1, In(0), nullptr, p);
        p[0] += In(1);  // the slope of class 0 is its probability less 1
    } else if (spec.multi_label) {
        for (std::int64_t c = 0; c < classes; ++c) p[c] = Rule::probability(scores[c]);
    } else if (spec.one_vs_rest()) {
        const auto share = [&](std::int64_t c) { return Rule::probability(static_cast<double>(scores[c])); };  // float32 underflows early
        double sum = 0;
        for (std::int64_t c = 0; c < classes; ++c) sum += share(c);
        for (std::int64_t c = 0; c < classes; ++c) p[c] = static_cast<In>(sum == 0 ? 1 / static_cast<double>(classes) : share(c) / sum);
    } else {
        p[0] = Rule::probability(-scores[0]);
        p[1] = Rule::probability(scores[0]);
    }
}

template <class In, class View>
void probabilities(const Model& model, const View& x, std::span<In> out, const PredictOptions& options, bool raw = true) {
    visit_rule(LossRules{}, model.spec.loss.index(), [&]<class Rule>() {
        if constexpr (has_probability<Rule>) {
            const std::int64_t outputs = model.spec.outputs, classes = model.spec.class_count();
            check_request(model, x, classes, out.size());
            std::vector<In> scores(static_cast<std::size_t>(x.rows * outputs));
            scores_of<In>(model, x, scores, options, raw);
            for (std::int64_t r = 0; r < x.rows; ++r)
                row_probabilities<Rule>(scores.data() + r * outputs, out.data() + r * classes, model.spec);
        } else {
            fail(ErrorKind::usage, "probabilities need one of the losses " + losses_with_probability(LossRules{}) +
                                       "; this model was trained with " + std::string(Rule::name));
        }
    });
}

/// Calls `f` with the rows of a data set, if they are of the type of the results, and with whether they are raw.
template <class In, class F>
void with_rows(const Model& model, const Dataset& data, F&& f) {
    if (data.real_type() != real_type_of<In>()) fail(ErrorKind::usage, "the output's real type is not that of the data set");
    check_fields(data, "the data");
    const bool raw = data.input.empty();
    if (!raw && data.columns() == model.spec.features) check_same_input(data, model.input, "the data");
    if (data.place()) return f(DeviceMatrix(data), raw);
    data.is_sparse() ? f(data.sparse<In>(), raw) : f(data.features<In>(), raw);
}

}  // namespace

void Model::decision_function(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of<float>(*this, x, out, o);
}
void Model::decision_function(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of<double>(*this, x, out, o);
}
void Model::decision_function(SparseView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of<float>(*this, x, out, o);
}
void Model::decision_function(SparseView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    scores_of<double>(*this, x, out, o);
}
void Model::decision_function(const Dataset& data, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<float>(*this, data, [&](const auto& x, bool raw) { scores_of<float>(*this, x, out, o, raw); });
}
void Model::decision_function(const Dataset& data, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<double>(*this, data, [&](const auto& x, bool raw) { scores_of<double>(*this, x, out, o, raw); });
}
void Model::predict(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix<float>(*this, x, out, o);
}
void Model::predict(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix<double>(*this, x, out, o);
}
void Model::predict(SparseView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix<float>(*this, x, out, o);
}
void Model::predict(SparseView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    predict_matrix<double>(*this, x, out, o);
}
void Model::predict(const Dataset& data, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<float>(*this, data, [&](const auto& x, bool raw) { predict_matrix<float>(*this, x, out, o, raw); });
}
void Model::predict(const Dataset& data, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<double>(*this, data, [&](const auto& x, bool raw) { predict_matrix<double>(*this, x, out, o, raw); });
}
void Model::predict_proba(MatrixView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities<float>(*this, x, out, o);
}
void Model::predict_proba(MatrixView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities<double>(*this, x, out, o);
}
void Model::predict_proba(SparseView<const float> x, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities<float>(*this, x, out, o);
}
void Model::predict_proba(SparseView<const double> x, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    probabilities<double>(*this, x, out, o);
}
void Model::predict_proba(const Dataset& data, std::span<float> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<float>(*this, data, [&](const auto& x, bool raw) { probabilities<float>(*this, x, out, o, raw); });
}
void Model::predict_proba(const Dataset& data, std::span<double> out, const PredictOptions& o) const {
    check_use(*this, o);
    with_rows<double>(*this, data, [&](const auto& x, bool raw) { probabilities<double>(*this, x, out, o, raw); });
}

}  // namespace glissade
