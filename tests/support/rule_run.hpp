// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "glissade/optimizer.hpp"
#include "glissade/rules/update.hpp"
#include "host/reference/problem.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade::testing {

/// Training with the catalog's own rules in one real type and the plainest of loops: no backend, no scheduler, rows summed one after the
/// other.
template <class Real>
class RuleRun {
public:
    RuleRun(const reference::Problem& problem, const Optimizer& optimizer, const Loss& loss, const reference::Settings& settings,
            std::span<const double> start)
        : problem_(problem), optimizer_(optimizer), loss_(loss), settings_(settings), theta_(start.begin(), start.end()) {
        for (int s = 0; s < optimizer.state_count(); ++s) state_.emplace_back(theta_.size(), static_cast<Real>(optimizer.initial_state(s)));
        if (settings.average) state_.emplace_back(theta_.size(), Real(0));
        double constants[max_loss_constants];
        loss.prepare(constants);
        for (int i = 0; i < max_loss_constants; ++i) constants_[i] = static_cast<Real>(constants[i]);
    }

    /// Returns the mean loss of the batch before the step.
    double step(const reference::Step& step) {
        std::vector<Real> gradient(theta_.size(), Real(0));
        Real loss = 0;
        for (const std::int64_t row : step.rows) loss += add_row(row, gradient);
        const Real count = static_cast<Real>(step.rows.size());
        for (Real& g : gradient) g /= count;
        clip(gradient);
        ++t_;
        update(gradient, step);
        return static_cast<double>(loss / count);
    }

    std::vector<double> parameters() const { return {theta_.begin(), theta_.end()}; }
    std::vector<double> state(std::size_t index) const { return {state_[index].begin(), state_[index].end()}; }
    std::vector<double> average() const { return state(state_.size() - 1); }

private:
    Real add_row(std::int64_t row, std::vector<Real>& gradient) {
        const std::int64_t features = problem_.features, outputs = problem_.outputs;
        std::vector<Real> scores(static_cast<std::size_t>(outputs)), slopes(scores.size());
        const auto x = [&](std::int64_t j) { return static_cast<Real>(problem_.x[static_cast<std::size_t>(row * features + j)]); };
        for (std::int64_t o = 0; o < outputs; ++o) {
            Real& score = scores[static_cast<std::size_t>(o)];
            for (std::int64_t j = 0; j < features; ++j)
                score = rules::fused(theta_[static_cast<std::size_t>(o * features + j)], x(j), score);
            if (problem_.bias) score += theta_[static_cast<std::size_t>(problem_.weight_count() + o)];
        }
        const Real weight = problem_.weights.empty() ? Real(1) : static_cast<Real>(problem_.weights[static_cast<std::size_t>(row)]);
        const Real loss = weight * evaluate(row, scores, slopes);
        for (std::int64_t o = 0; o < outputs; ++o) {
            const Real slope = weight * slopes[static_cast<std::size_t>(o)];
            for (std::int64_t j = 0; j < features; ++j) {
                Real& g = gradient[static_cast<std::size_t>(o * features + j)];
                g = rules::fused(slope, x(j), g);
            }
            if (problem_.bias) gradient[static_cast<std::size_t>(problem_.weight_count() + o)] += slope;
        }
        return loss;
    }

    Real evaluate(std::int64_t row, const std::vector<Real>& scores, std::vector<Real>& slopes) const {
        const double* targets = problem_.targets.data() + row * problem_.target_count;
        Real loss = 0;
        const auto evaluate_rule = [&]<class Rule>(const Rule&) {
            if constexpr (Rule::kind == LossKind::grouped)
                loss = Rule::evaluate_group(scores.data(), static_cast<int>(scores.size()), 1, static_cast<Real>(targets[0]), constants_,
                                            slopes.data());
            else
                for (std::size_t o = 0; o < scores.size(); ++o) {
                    const bool rest = Rule::kind == LossKind::binary && scores.size() > 1;
                    const double target = rest ? (targets[0] == static_cast<double>(o) ? 1 : 0) : targets[o];
                    loss += Rule::evaluate(scores[o], static_cast<Real>(target), constants_, slopes[o]);
                }
        };
        std::visit(evaluate_rule, loss_.rule());
        return loss;
    }

    void clip(std::vector<Real>& gradient) const {
        const Real most = static_cast<Real>(settings_.clip_value), most_norm = static_cast<Real>(settings_.clip_norm);
        for (Real& g : gradient)
            if (most > 0) g = g > most ? most : (g < -most ? -most : g);
        Real squares = 0;
        for (const Real g : gradient) squares = rules::fused(g, g, squares);
        const Real norm = rules::root(squares);
        for (Real& g : gradient)
            if (most_norm > 0 && norm > most_norm) g *= most_norm / (norm + Real(1e-6));
    }

    AveragePlan average_plan() const {
        const auto kind = settings_.average_decay > 0 ? AverageKind::exponential : AverageKind::mean;
        return {settings_.average ? kind : AverageKind::none, settings_.average_decay, settings_.average_from};
    }

    /// The scalars of this step for weights (range 0) or biases.
    template <class Rule>
    void prepare(const Rule& rule, const reference::Step& step, int range, Real* row) {
        const bool decays = range == 0 || settings_.decay_bias;
        const Rule ranged = decays ? rule : rules::without_penalties(rule);
        double k[max_rule_scalars] = {};
        ranged.prepare({t_, step.lr, step.momentum.value_or(0), step.momentum.has_value()}, memory_[range], k);
        row[rules::ScalarRow::coupled_decay] =
            static_cast<Real>((rules::decays_apart(rule) ? 0 : ranged.weight_decay) + (decays ? settings_.l2 : 0));
        row[rules::ScalarRow::shrink] = static_cast<Real>(decays ? step.lr * settings_.l1 : 0);
        row[rules::ScalarRow::average] = static_cast<Real>(average_plan().weight(t_));
        for (int i = 0; i < max_rule_scalars; ++i) row[rules::ScalarRow::rule + i] = static_cast<Real>(k[i]);
    }

    struct Apply {
        RuleRun& run;
        const std::vector<Real>& gradient;
        const reference::Step& step;
        template <class Rule, int Variant>
        void operator()() const {
            Real rows[2][rules::ScalarRow::size] = {};
            for (int range = 0; range < 2; ++range) run.prepare(std::get<Rule>(run.optimizer_.rule()), step, range, rows[range]);
            for (std::size_t j = 0; j < gradient.size(); ++j) {
                Real s[max_rule_state];
                for (std::size_t i = 0; i < run.state_.size(); ++i) s[i] = run.state_[i][j];
                const Real* row = rows[static_cast<std::int64_t>(j) < run.problem_.weight_count() ? 0 : 1];
                if (run.settings_.average)
                    rules::update_parameter<Rule, Variant, true>(row, gradient[j], run.theta_[j], s);
                else
                    rules::update_parameter<Rule, Variant, false>(row, gradient[j], run.theta_[j], s);
                for (std::size_t i = 0; i < run.state_.size(); ++i) run.state_[i][j] = s[i];
            }
        }
    };

    void update(const std::vector<Real>& gradient, const reference::Step& step) {
        visit_update(optimizer_.index(), optimizer_.variant(), Apply{*this, gradient, step});
    }

    const reference::Problem& problem_;
    Optimizer optimizer_;
    Loss loss_;
    reference::Settings settings_;
    std::vector<Real> theta_;
    std::vector<std::vector<Real>> state_;
    Real constants_[max_loss_constants];
    double memory_[2][max_rule_memory] = {};
    long long t_ = 0;
};

}  // namespace glissade::testing
