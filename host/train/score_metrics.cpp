// SPDX-License-Identifier: Apache-2.0
#include "host/train/score_metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

#include "glissade/rules/judge.hpp"
#include "host/train/folded_sum.hpp"

namespace glissade {

std::vector<std::pair<std::string, double>> Metrics::list() const {
    std::vector<std::pair<std::string, double>> out = {{"loss", loss}};
    const auto add = [&](const char* name, const std::optional<double>& value) {
        if (value) out.emplace_back(name, *value);
    };
    add("accuracy", accuracy);
    add("label_accuracy", label_accuracy);
    add("log_loss", log_loss);
    add("auc", auc);
    add("rmse", rmse);
    add("mae", mae);
    add("r2", r2);
    return out;
}

namespace {

template <class Real>
double weight_of(const JudgedRows<Real>& rows, std::int64_t r) {
    return rows.weights == nullptr ? 1.0 : static_cast<double>(rows.weights[r]);
}

/// Unsigned numbers that ascend as scores do; -0 equals 0, and NaN has its place.
template <class Real>
auto rank_of(Real score) {
    using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits sign = Bits(1) << (8 * sizeof(Bits) - 1);
    const Bits bits = std::bit_cast<Bits>(score == Real(0) ? Real(0) : score);
    return bits & sign ? ~bits : bits | sign;
}

/// The weight of pairs in which a positive outranks a negative, ties half: every positive's weight times the negatives' below it.
template <class Real>
double count_wins(const JudgedRows<Real>& rows, std::span<const Real> scores) {
    struct Ranked {
        decltype(rank_of(Real())) rank;
        Real weight;
        bool positive;
    };
    std::vector<Ranked> order(scores.size());
    for (std::size_t r = 0; r < scores.size(); ++r)
        order[r] = {rank_of(scores[r]), rows.weights == nullptr ? Real(1) : rows.weights[r], rows.targets[r] > Real(0.5)};
    std::stable_sort(order.begin(), order.end(), [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
    std::vector<double> negatives(order.size() + 1, 0.0);
    for (std::size_t i = 0; i < order.size(); ++i) negatives[i] = order[i].positive ? 0.0 : static_cast<double>(order[i].weight);
    scan_before(negatives);
    FoldedSum wins;
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
        while (end < order.size() && order[end].rank == order[first].rank) ++end;
        for (std::size_t i = first; i < end; ++i)
            wins.add(order[i].positive ? static_cast<double>(order[i].weight) * (negatives[first] + negatives[end]) / 2 : 0.0);
    }
    return wins.total();
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

/// The sums over rows of one loss rule.
template <class Rule, class Real>
void judge_with(const JudgedRows<Real>& rows, std::span<const Real> scores, int outputs, JudgedSums& out) {
    FoldedSum loss, correct, labels, shares;
    std::vector<FoldedSum> squares(rows.error_scales.size()), sizes(rows.error_scales.size());
    std::vector<double> scratch(static_cast<std::size_t>(outputs));
    const auto target_count = static_cast<int>(rows.target_count);
    for (std::int64_t r = 0; r < rows.features.rows; ++r) {
        const Real *row = scores.data() + r * outputs, *targets = rows.targets + r * rows.target_count;
        const double w = weight_of(rows, r);
        const rules::RowLoss judged =
            rules::row_loss<Rule>(row, outputs, targets, target_count, rows.loss_constants, rows.loss_factors.data(), scratch.data(), 1);
        loss.add(w * judged.loss);
        correct.add(judged.correct ? w : 0.0);
        if (rows.labels) labels.add(w * judged.right_labels);
        if (rows.shares) shares.add(w * rules::row_share_loss(row, outputs, targets[0], scratch.data(), 1));
        for (std::size_t o = 0; o < squares.size(); ++o) {
            const double error = rules::row_error(row[o], targets[o], link_of<Rule>(), rows.error_scales[o]);
            squares[o].add(w * error * error);
            sizes[o].add(w * rules::magnitude(error));
        }
    }
    out.loss = loss.total();
    out.correct = correct.total();
    out.right_labels = labels.total();
    out.share_loss = shares.total();
    for (FoldedSum& sum : squares) out.squares.push_back(sum.total());
    for (FoldedSum& sum : sizes) out.sizes.push_back(sum.total());
}

/// Root mean square, mean absolute error and R2 (mean over the outputs), in the user's units.
void add_regression(const JudgedTotals& totals, const JudgedSums& sums, Metrics& metrics) {
    double squares = 0, sizes = 0, r2 = 0;
    bool r2_defined = true;
    const auto outputs = static_cast<double>(sums.squares.size());
    for (std::size_t o = 0; o < sums.squares.size(); ++o) {
        squares += sums.squares[o];
        sizes += sums.sizes[o];
        r2_defined = r2_defined && totals.spreads[o] > 0;
        if (totals.spreads[o] > 0) r2 += 1 - sums.squares[o] / totals.spreads[o];
    }
    metrics.rmse = std::sqrt(squares / (totals.weight * outputs));
    metrics.mae = sizes / (totals.weight * outputs);
    if (r2_defined) metrics.r2 = r2 / outputs;
}

}  // namespace

template <class Real>
JudgedRows<Real> judged_rows(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units) {
    JudgedRows<Real> out;
    const bool regression = spec.loss.kind() == LossKind::regression;
    out.target_count = spec.target_count();
    out.features.rows = static_cast<std::int64_t>(rows.targets.size()) / out.target_count;
    out.targets = rows.targets.data();
    out.weights = rows.weights.empty() ? nullptr : rows.weights.data();
    out.loss = spec.loss.index();
    spec.loss.prepare(out.loss_constants);
    out.loss_factors = loss_factors(spec, rows, units);
    if (regression) out.error_scales = rows.target_scale;
    if (regression) out.error_scales.resize(static_cast<std::size_t>(spec.outputs), 1.0);
    out.shares = spec.loss.name() == "logistic" && spec.one_vs_rest();
    out.labels = spec.multi_label;
    out.ranks = !regression && spec.outputs == 1;
    return out;
}

template <class Real>
JudgedSums judge_scores(const JudgedRows<Real>& rows, std::span<const Real> scores, std::int64_t outputs) {
    JudgedSums sums;
    visit_rule(LossRules{}, rows.loss, [&]<class Rule>() { judge_with<Rule>(rows, scores, static_cast<int>(outputs), sums); });
    if (rows.ranks) sums.wins = count_wins(rows, scores);
    return sums;
}

template <class Real>
JudgedTotals judged_totals(const JudgedRows<Real>& rows) {
    const std::int64_t count = rows.features.rows;
    JudgedTotals totals;
    const auto sum_of = [&](auto&& term) {
        FoldedSum sum;
        for (std::int64_t r = 0; r < count; ++r) sum.add(term(r));
        return sum.total();
    };
    totals.weight = sum_of([&](std::int64_t r) { return weight_of(rows, r); });
    if (rows.ranks) {
        totals.positives = sum_of([&](std::int64_t r) { return rows.targets[r] > Real(0.5) ? weight_of(rows, r) : 0.0; });
        totals.negatives = sum_of([&](std::int64_t r) { return rows.targets[r] > Real(0.5) ? 0.0 : weight_of(rows, r); });
    }
    for (std::size_t o = 0; o < rows.error_scales.size(); ++o) {
        const double scale = rows.error_scales[o];
        const auto target = [&](std::int64_t r) {
            return static_cast<double>(rows.targets[r * rows.target_count + static_cast<std::int64_t>(o)]);
        };
        const double mean = sum_of([&](std::int64_t r) { return weight_of(rows, r) * target(r); }) / totals.weight;
        totals.spreads.push_back(
            sum_of([&](std::int64_t r) { return weight_of(rows, r) * (target(r) - mean) * scale * (target(r) - mean) * scale; }));
    }
    return totals;
}

Metrics metrics_of(const ModelSpec& spec, std::int64_t rows, const JudgedTotals& totals, const JudgedSums& sums) {
    Metrics metrics;
    metrics.rows = rows;
    if (rows == 0) return metrics;
    metrics.loss = sums.loss / totals.weight;
    if (spec.loss.kind() == LossKind::regression) {
        add_regression(totals, sums, metrics);
        return metrics;
    }
    metrics.accuracy = sums.correct / totals.weight;
    if (spec.multi_label) metrics.label_accuracy = sums.right_labels / totals.weight;
    const bool logistic = spec.loss.name() == "logistic";
    if (logistic || spec.loss.name() == "softmax")
        metrics.log_loss = logistic && spec.one_vs_rest() ? sums.share_loss / totals.weight : metrics.loss;
    if (spec.outputs == 1 && totals.positives > 0 && totals.negatives > 0)  // rounded weights must not make it more than certain
        metrics.auc = std::min(1.0, sums.wins / (totals.negatives * totals.positives));
    return metrics;
}

template <class Real>
double mean_loss(const ModelSpec& spec, const ScoredRows<Real>& rows) {
    JudgedRows<Real> judged = judged_rows(spec, rows, LossUnits::trained);
    judged.ranks = judged.shares = judged.labels = false;
    judged.error_scales.clear();
    return judge_scores(judged, rows.scores, spec.outputs).loss / judged_totals(judged).weight;
}

template <class Real>
Metrics score_metrics(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units) {
    const JudgedRows<Real> judged = judged_rows(spec, rows, units);
    if (judged.features.rows == 0) return {};
    return metrics_of(spec, judged.features.rows, judged_totals(judged), judge_scores(judged, rows.scores, spec.outputs));
}

template JudgedRows<float> judged_rows(const ModelSpec&, const ScoredRows<float>&, LossUnits);
template JudgedRows<double> judged_rows(const ModelSpec&, const ScoredRows<double>&, LossUnits);
template JudgedSums judge_scores(const JudgedRows<float>&, std::span<const float>, std::int64_t);
template JudgedSums judge_scores(const JudgedRows<double>&, std::span<const double>, std::int64_t);
template JudgedTotals judged_totals(const JudgedRows<float>&);
template JudgedTotals judged_totals(const JudgedRows<double>&);
template double mean_loss(const ModelSpec&, const ScoredRows<float>&);
template double mean_loss(const ModelSpec&, const ScoredRows<double>&);
template Metrics score_metrics(const ModelSpec&, const ScoredRows<float>&, LossUnits);
template Metrics score_metrics(const ModelSpec&, const ScoredRows<double>&, LossUnits);

}  // namespace glissade
