// SPDX-License-Identifier: Apache-2.0
#include "host/train/diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <span>

#include "host/train/loss_trend.hpp"
#include "host/train/score_metrics.hpp"

namespace glissade {

namespace {

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

template <class Real>
void multiply_sparse_hessian(const Problem<Real>& p, const std::vector<double>& v, std::vector<double>& out) {
    const SparseView<const Real>& x = p.sparse;
    const double one = p.bias ? 1.0 : 0.0;
    std::fill(out.begin(), out.end(), 0.0);
    const auto value = [&](std::int64_t k) { return x.values[k] * (p.affine ? static_cast<double>(p.affine.scale[x.indices[k]]) : 1.0); };
    for (std::int64_t r = 0; r < x.rows; ++r) {
        double dot = one * v.back();
        for (std::int64_t k = x.offsets[r]; k < x.offsets[r + 1]; ++k) dot += value(k) * v[x.indices[k]];
        dot *= p.weights ? static_cast<double>(p.weights[r]) : 1.0;
        for (std::int64_t k = x.offsets[r]; k < x.offsets[r + 1]; ++k) out[x.indices[k]] += dot * value(k);
        out.back() += dot * one;
    }
    for (double& entry : out) entry /= static_cast<double>(x.rows);
}

/// out = (1/rows) * sum over rows of weight * x * (x . v), with x standardised and, if there is a bias, extended by a 1.
template <class Real>
void multiply_hessian(const Problem<Real>& p, const std::vector<double>& v, std::vector<double>& out) {
    if (p.is_sparse()) return multiply_sparse_hessian(p, v, out);
    const std::int64_t columns = p.features.columns;
    std::fill(out.begin(), out.end(), 0.0);
    std::vector<double> row(static_cast<std::size_t>(columns + 1), 1.0);
    if (!p.bias) row.back() = 0.0;
    for (std::int64_t r = 0; r < p.features.rows; ++r) {
        const Real* x = p.features.row(r);
        for (std::int64_t j = 0; j < columns; ++j) {
            const double value = x[j];
            row[static_cast<std::size_t>(j)] = p.affine ? value * p.affine.scale[j] + p.affine.shift[j] : value;
        }
        const double weight = p.weights ? static_cast<double>(p.weights[r * p.weight_sets]) : 1.0;
        const double dot = weight * std::inner_product(row.begin(), row.end(), v.begin(), 0.0);
        for (std::size_t j = 0; j < row.size(); ++j) out[j] += dot * row[j];
    }
    for (double& value : out) value /= static_cast<double>(p.features.rows);
}

bool is_sgd(const Optimizer& optimizer) {
    return optimizer.name() == "sgd";
}

/// The L2 that adds to the curvature along which a step may go too far: none where the rule stops at 0.
double curving_l2(const Member& member) {
    const bool stops = member.optimizer.has("decay_to_zero") && member.optimizer.get("decay_to_zero") != 0;
    return stops ? 0.0 : member.l2;
}

std::string rate_verdict(const Optimizer& optimizer, double lambda) {
    const StableRate stable = stable_rate(optimizer, lambda);
    const double lr = optimizer.get("lr");
    return lr > stable.limit ? "lr " + number(lr) + " exceeds " + stable.formula + " = " + number(stable.limit) : "";
}

/// The same for a run over all rows, where the bound is exact: the loss has curvature 1 everywhere and nothing moves the rate.
template <class Real>
std::string full_batch_verdict(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const Member& member) {
    if (run.spec.is_network() || !is_sgd(member.optimizer) || run.batches.batch_size != problem.features.rows ||
        run.spec.loss.name() != "squared")
        return "";
    if (options.shuffle == Shuffle::replacement || options.clip_norm > 0 || options.clip_value > 0 || !options.schedule.is_constant())
        return "";
    const auto lambda = largest_curvature(problem, run.spec.loss, curving_l2(member));
    const std::string verdict = lambda ? rate_verdict(member.optimizer, *lambda) : "";
    return verdict.empty() ? "" : verdict + ": this run will diverge";
}

}  // namespace

template <class Real>
std::optional<double> largest_curvature(const Problem<Real>& problem, const Loss& loss, double l2) {
    const auto bound = loss.max_curvature();
    if (!bound || problem.place) return std::nullopt;
    constexpr double most_multiplications = 4e9;
    constexpr double settled = 1e-7;  // relative change of the estimate: three printed digits need far less
    const double values = problem.is_sparse()
                              ? static_cast<double>(problem.sparse.nonzeros() + problem.features.rows)
                              : static_cast<double>(problem.features.rows) * static_cast<double>(problem.features.columns + 1);
    const double a_pass = 2 * values;
    const int passes = static_cast<int>(std::clamp(most_multiplications / a_pass, 5.0, 100.0));
    std::vector<double> v(static_cast<std::size_t>(problem.features.columns + 1)), next(v.size());
    for (std::size_t j = 0; j < v.size(); ++j) v[j] = Philox::uniform(0, static_cast<std::uint64_t>(RandomStream::data), j) + 0.5;
    double lambda = 0;
    for (int i = 0; i < passes; ++i) {
        const double norm = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
        if (!(norm > 0)) break;
        for (double& value : v) value /= norm;
        multiply_hessian(problem, v, next);
        const double estimate = std::inner_product(v.begin(), v.end(), next.begin(), 0.0);
        v.swap(next);
        const bool done = std::abs(estimate - lambda) <= settled * estimate;
        lambda = estimate;
        if (done) break;
    }
    return lambda * *bound + l2;
}

StableRate stable_rate(const Optimizer& sgd, double lambda) {
    const double mu = sgd.get("momentum");
    if (sgd.get("nesterov") != 0) return {2 * (1 + mu) / ((1 + 2 * mu) * lambda), "2(1+mu)/((1+2mu) lambda_max)"};
    if (mu > 0) return {2 * (1 + mu) / lambda, "2(1+mu)/lambda_max"};
    return {2 / lambda, "2/lambda_max"};
}

namespace {

/// The mean training loss of a model whose parameters are all 0: where runs begin. Of classes one row stands for all: their losses are the
/// same there, which a test holds of every loss.
template <class Real>
double loss_of_zeros(const Problem<Real>& problem, const ModelSpec& spec) {
    const bool alike = spec.loss.kind() != LossKind::regression;
    const std::size_t rows = alike ? 1 : static_cast<std::size_t>(problem.features.rows);
    const std::vector<Real> scores(rows * static_cast<std::size_t>(spec.outputs), Real(0));
    const auto targets = std::span(problem.targets, rows * static_cast<std::size_t>(problem.target_count));
    std::vector<Real> weights(problem.weights && !alike ? rows : 0);
    for (std::size_t r = 0; r < weights.size(); ++r) weights[r] = problem.weights[r * static_cast<std::size_t>(problem.weight_sets)];
    return mean_loss<Real>(spec, {scores, targets, weights, {}});
}

/// Empty unless the run ended worse than it was before.
template <class Real>
std::string rise_verdict(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const MemberResult& best) {
    constexpr double clearly = 1.1;
    const double last = best.history.back().loss;
    if (!options.start) {
        const double zeros = loss_of_zeros(problem, run.spec);
        if (last > clearly * zeros)
            return "the training loss ended at " + number(last) + ", above the " + number(zeros) +
                   " of a model whose parameters are all 0: lower the learning rate";
    }
    const auto lowest = left_behind(best.history);
    if (!lowest) return "";
    return "the training loss rose from " + number(lowest->loss) + " in epoch " + std::to_string(lowest->epoch) + " to " + number(last) +
           ": lower the learning rate";
}

/// Empty unless the held-out loss was clearly lower in the first half of the run.
std::string overfit_verdict(const MemberResult& best) {
    constexpr double clearly = 1.01;
    const EpochRecord& last = best.history.back();
    if (!last.validation || best.best_epoch < 1 || 2 * best.best_epoch >= last.epoch) return "";
    if (!(last.validation->loss > clearly * best.best_loss)) return "";
    return "the best epoch was " + std::to_string(best.best_epoch) + " of " + std::to_string(last.epoch) +
           ", and the validation loss rose from " + number(best.best_loss) + " to " + number(last.validation->loss) +
           " since: a lower learning rate or an L2 penalty may do better";
}

/// What ended the run too early, if its loss still fell; empty if something else did.
std::string longer(StopReason stop) {
    switch (stop) {
        case StopReason::finished:
            return "the number of epochs";
        case StopReason::max_steps:
            return "the limit of steps";
        case StopReason::max_seconds:
            return "the limit of seconds";
        default:
            return "";
    }
}

}  // namespace

template <class Real>
std::string advise(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const MemberResult& best,
                   StopReason stop) {
    std::string verdict = full_batch_verdict(problem, run, options, best.member);
    if (!verdict.empty() || best.history.empty()) return verdict;
    verdict = rise_verdict(problem, run, options, best);
    if (verdict.empty()) verdict = overfit_verdict(best);
    const auto fall = late_fall(best.history);
    if (!verdict.empty() || !fall || longer(stop).empty()) return verdict;
    const std::int64_t epochs = best.history.back().epoch;
    if (best.history.back().validation && best.best_epoch <= epochs - fall->epochs) return "";  // more epochs would not help the kept model
    return "the loss still fell " + number(100 * fall->part) + " % in the last " +
           (fall->epochs == 1 ? "epoch" : std::to_string(fall->epochs) + " of " + std::to_string(epochs) + " epochs") + ": raise " +
           longer(stop) + (best.member.optimizer.full_batch_only() ? "" : " or the learning rate");
}

template <class Real>
std::string explain_divergence(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const Divergence& where) {
    const Member& member = run.members[static_cast<std::size_t>(where.member)];
    std::string text = "diverged at step " + std::to_string(where.step) + " (epoch " + std::to_string(where.epoch) + ", batch " +
                       std::to_string(where.batch) + "): the loss or its gradient is no longer finite; ";
    const bool plain = is_sgd(member.optimizer) && !run.spec.is_network();
    const auto lambda = plain ? largest_curvature(problem, run.spec.loss, curving_l2(member)) : std::nullopt;
    const std::string verdict = lambda ? rate_verdict(member.optimizer, *lambda) : "";
    if (!verdict.empty()) return text + verdict;
    text += "the likely cause is the learning rate: try " + number(member.optimizer.get("lr") / 10);
    if (!options.standardize && run.task == Task::regression && options.start == std::nullopt)
        text += ", and look at the scale of features and targets";
    return text;
}

template std::optional<double> largest_curvature(const Problem<float>&, const Loss&, double);
template std::optional<double> largest_curvature(const Problem<double>&, const Loss&, double);
template std::string advise(const Problem<float>&, const ResolvedRun&, const TrainOptions&, const MemberResult&, StopReason);
template std::string advise(const Problem<double>&, const ResolvedRun&, const TrainOptions&, const MemberResult&, StopReason);
template std::string explain_divergence(const Problem<float>&, const ResolvedRun&, const TrainOptions&, const Divergence&);
template std::string explain_divergence(const Problem<double>&, const ResolvedRun&, const TrainOptions&, const Divergence&);

}  // namespace glissade
