// SPDX-License-Identifier: Apache-2.0
#include "host/train/score_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "glissade/rules/math.hpp"

namespace glissade {

std::vector<std::pair<std::string, double>> Metrics::list() const {
    std::vector<std::pair<std::string, double>> out = {{"loss", loss}};
    const auto add = [&](const char* name, const std::optional<double>& value) {
        if (value) out.emplace_back(name, *value);
    };
    add("accuracy", accuracy);
    add("log_loss", log_loss);
    add("auc", auc);
    add("rmse", rmse);
    add("mae", mae);
    add("r2", r2);
    return out;
}

namespace {

template <class Real>
double weight_of(const ScoredRows<Real>& rows, std::int64_t r) {
    return rows.weights.empty() ? 1.0 : static_cast<double>(rows.weights[static_cast<std::size_t>(r)]);
}

/// Area under the ROC curve as the chance that a positive outranks a negative, ties counted half; absent if a class is.
template <class Real>
std::optional<double> area_under_curve(const ScoredRows<Real>& rows) {
    std::vector<std::size_t> order(rows.scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rows.scores[a] < rows.scores[b]; });
    double negatives = 0, positives = 0, wins = 0;
    for (std::size_t i = 0; i < order.size();) {
        double tied_negatives = 0, tied_positives = 0;
        const Real score = rows.scores[order[i]];
        for (; i < order.size() && rows.scores[order[i]] == score; ++i)
            (rows.targets[order[i]] > Real(0.5) ? tied_positives : tied_negatives) += weight_of(rows, static_cast<std::int64_t>(order[i]));
        wins += tied_positives * (negatives + tied_negatives / 2);
        negatives += tied_negatives;
        positives += tied_positives;
    }
    if (!(negatives > 0) || !(positives > 0)) return std::nullopt;
    return wins / (negatives * positives);
}

/// The mean log loss of one-vs-rest probabilities, the logistic functions of a row's scores brought to sum 1: the logarithm of their sum
/// less that of the true class's, both from logarithms of the logistic function, so that nothing underflows.
template <class Real>
double log_loss_of_shares(const ScoredRows<Real>& rows, std::int64_t outputs, double weight_sum) {
    std::vector<double> logs(static_cast<std::size_t>(outputs));
    double total = 0;
    for (std::int64_t r = 0; r < static_cast<std::int64_t>(rows.targets.size()); ++r) {
        for (std::size_t o = 0; o < logs.size(); ++o) {
            const double score = rows.scores[static_cast<std::size_t>(r * outputs) + o];
            logs[o] = std::min(score, 0.0) - rules::log1p(rules::exp(-std::abs(score)));
        }
        const double top = *std::max_element(logs.begin(), logs.end());
        double sum = 0;
        for (const double value : logs) sum += rules::exp(value - top);
        total += weight_of(rows, r) * (top + rules::log(sum) - logs[static_cast<std::size_t>(rows.targets[static_cast<std::size_t>(r)])]);
    }
    return total / weight_sum;
}

/// Root mean square, mean absolute error and R2 (mean over the outputs), in the user's units.
template <class Real>
void add_regression(const ModelSpec& spec, const ScoredRows<Real>& rows, double weight_sum, Metrics& metrics) {
    const std::int64_t outputs = spec.outputs;
    double squares = 0, sizes = 0, r2 = 0;
    bool r2_defined = true;
    for (std::int64_t o = 0; o < outputs; ++o) {
        const double scale = rows.target_scale.empty() ? 1.0 : rows.target_scale[static_cast<std::size_t>(o)];
        double mean = 0, output_squares = 0, total = 0;
        for (std::int64_t r = 0; r < metrics.rows; ++r)
            mean += weight_of(rows, r) * rows.targets[static_cast<std::size_t>(r * outputs + o)];
        mean /= weight_sum;
        for (std::int64_t r = 0; r < metrics.rows; ++r) {
            const auto at = static_cast<std::size_t>(r * outputs + o);
            const double w = weight_of(rows, r), target = rows.targets[at];
            const double score = rows.scores[at], prediction = spec.loss.link() == Link::logarithm ? rules::exp(score) : score;
            const double error = (prediction - target) * scale;
            output_squares += w * error * error;
            sizes += w * std::abs(error);
            total += w * (target - mean) * scale * (target - mean) * scale;
        }
        squares += output_squares;
        r2_defined = r2_defined && total > 0;
        if (total > 0) r2 += 1 - output_squares / total;
    }
    const double count = weight_sum * static_cast<double>(outputs);
    metrics.rmse = std::sqrt(squares / count);
    metrics.mae = sizes / count;
    if (r2_defined) metrics.r2 = r2 / static_cast<double>(outputs);
}

/// What the loss of each output is multiplied with to be in the units asked for.
template <class Real>
std::vector<double> loss_factors(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units) {
    std::vector<double> factors(static_cast<std::size_t>(spec.outputs), 1.0);
    if (units == LossUnits::trained || rows.target_scale.empty()) return factors;
    visit_rule(LossRules{}, spec.loss.index(), [&]<class Rule>() {
        if constexpr (Rule::kind == LossKind::regression) {
            for (std::size_t o = 0; o < factors.size(); ++o) factors[o] = std::pow(std::abs(rows.target_scale[o]), Rule::degree);
        }
    });
    return factors;
}

/// Losses of rows, in double, and whether their class is the one predicted.
template <class Real>
class RowJudge {
public:
    RowJudge(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units)
        : spec_(spec), rows_(rows), factors_(loss_factors(spec, rows, units)), scratch_(factors_.size()) {
        spec.loss.prepare(constants_);
    }

    std::pair<double, bool> operator()(std::int64_t r) {
        const std::int64_t outputs = spec_.outputs;
        double loss = 0;
        bool correct = false;
        visit_rule(LossRules{}, spec_.loss.index(), [&]<class Rule>() {
            if constexpr (Rule::kind == LossKind::grouped) {
                for (std::int64_t o = 0; o < outputs; ++o)
                    scratch_[static_cast<std::size_t>(o)] = rows_.scores[static_cast<std::size_t>(r * outputs + o)];
                const double target = rows_.targets[static_cast<std::size_t>(r)];
                correct = static_cast<double>(predicted_class(r)) == target;
                loss = Rule::template evaluate_group<double>(scratch_.data(), static_cast<int>(outputs), 1, target, constants_,
                                                             scratch_.data());
            } else {
                constexpr bool binary = Rule::kind == LossKind::binary;
                const Real* targets = rows_.targets.data() + (binary ? r : r * outputs);
                for (std::int64_t o = 0; o < outputs; ++o) {
                    const double target =
                        binary ? one_vs_rest<double>(targets[0], static_cast<int>(o), static_cast<int>(outputs)) : targets[o];
                    double slope = 0;
                    loss +=
                        factors_[static_cast<std::size_t>(o)] *
                        Rule::template evaluate<double>(rows_.scores[static_cast<std::size_t>(r * outputs + o)], target, constants_, slope);
                }
                if (binary) correct = static_cast<double>(predicted_class(r)) == targets[0];
            }
        });
        return {loss, correct};
    }

private:
    std::int64_t predicted_class(std::int64_t r) const {
        const Real* scores = rows_.scores.data() + r * spec_.outputs;
        return spec_.outputs == 1 ? (scores[0] > Real(0) ? 1 : 0) : std::max_element(scores, scores + spec_.outputs) - scores;
    }

    const ModelSpec& spec_;
    const ScoredRows<Real>& rows_;
    std::vector<double> factors_, scratch_;  ///< one an output
    double constants_[max_loss_constants] = {};
};

}  // namespace

template <class Real>
double mean_loss(const ModelSpec& spec, const ScoredRows<Real>& rows) {
    RowJudge<Real> judge(spec, rows, LossUnits::trained);
    double loss = 0, weight_sum = 0;
    for (std::int64_t r = 0; r < static_cast<std::int64_t>(rows.scores.size()) / spec.outputs; ++r) {
        loss += weight_of(rows, r) * judge(r).first;
        weight_sum += weight_of(rows, r);
    }
    return loss / weight_sum;
}

template <class Real>
Metrics score_metrics(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units) {
    Metrics metrics;
    metrics.rows = static_cast<std::int64_t>(rows.scores.size()) / spec.outputs;
    if (metrics.rows == 0) return metrics;
    RowJudge<Real> judge(spec, rows, units);
    double loss = 0, weight_sum = 0, correct = 0;
    for (std::int64_t r = 0; r < metrics.rows; ++r) {
        const double w = weight_of(rows, r);
        const auto [row_loss, row_correct] = judge(r);
        weight_sum += w;
        loss += w * row_loss;
        correct += row_correct ? w : 0;
    }
    metrics.loss = loss / weight_sum;
    if (spec.loss.kind() == LossKind::regression) {
        add_regression(spec, rows, weight_sum, metrics);
        return metrics;
    }
    metrics.accuracy = correct / weight_sum;
    const bool logistic = spec.loss.name() == "logistic";
    if (logistic || spec.loss.name() == "softmax")
        metrics.log_loss = logistic && spec.one_vs_rest() ? log_loss_of_shares(rows, spec.outputs, weight_sum) : metrics.loss;
    if (spec.outputs == 1) metrics.auc = area_under_curve(rows);
    return metrics;
}

template double mean_loss(const ModelSpec&, const ScoredRows<float>&);
template double mean_loss(const ModelSpec&, const ScoredRows<double>&);
template Metrics score_metrics(const ModelSpec&, const ScoredRows<float>&, LossUnits);
template Metrics score_metrics(const ModelSpec&, const ScoredRows<double>&, LossUnits);

}  // namespace glissade
