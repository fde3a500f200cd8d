// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "host/execution/backend.hpp"

/// The contract of Backend written down as plainly as possible: one scalar operation after the other, one row and one member at a time.
/// Slow, and equal to every backend to the last bit.
namespace glissade::oracle {

template <class Real>
struct Result {
    TrainingState<Real> state;
    std::vector<double> loss_sums;
    std::int64_t steps_done = 0;
    bool frozen = false;
    std::int64_t frozen_member = 0;
};

inline float fma_of(float a, float b, float c) {
    return std::fmaf(a, b, c);
}
inline double fma_of(double a, double b, double c) {
    return std::fma(a, b, c);
}

template <class Real>
Real dot(const Real* x, const Real* w, std::int64_t count) {
    Real lane[64] = {};
    for (std::int64_t j = 0; j < count; ++j) lane[j % 64] = fma_of(x[j], w[j], lane[j % 64]);
    for (int half = 32; half >= 1; half /= 2)
        for (int l = 0; l < half; ++l) lane[l] = lane[l] + lane[l + half];
    return lane[0];
}

/// Calls the loss rule for one row of one member: scores in, slopes and the loss of the row out.
template <class Real>
struct RowLoss {
    const Problem<Real>& problem;
    const Real* targets;
    std::vector<Real>& scores;
    Real& loss;
    template <class Rule>
    void operator()() const {
        if constexpr (Rule::kind == LossKind::grouped) {
            std::vector<Real> slopes(scores.size());
            loss =
                Rule::evaluate_group(scores.data(), static_cast<int>(scores.size()), 1, targets[0], problem.loss_constants, slopes.data());
            scores = slopes;
        } else {
            for (std::size_t o = 0; o < scores.size(); ++o) {
                Real slope;
                const bool has_own = problem.target_count == static_cast<std::int64_t>(scores.size());
                const Real target = has_own ? targets[o] : Real(targets[0] == Real(o) ? 1 : 0);
                const Real one = Rule::evaluate(scores[o], target, problem.loss_constants, slope);
                loss = o == 0 ? one : loss + one;
                scores[o] = slope;
            }
        }
    }
};

template <class Real>
struct OneUpdate {
    const Real* scalars;
    Real gradient;
    Real& theta;
    Real* state;
    bool averaging;
    template <class Rule, int Variant>
    void operator()() const {
        if (averaging)
            rules::update_parameter<Rule, Variant, true>(scalars, gradient, theta, state);
        else
            rules::update_parameter<Rule, Variant, false>(scalars, gradient, theta, state);
    }
};

/// Gradient sums of the parameters of member m, and the loss sum as last element, over one run of rows of a batch.
template <class Real>
std::vector<Real> partial_sums(const Problem<Real>& p, const TrainingState<Real>& state, std::int64_t m,
                               const std::vector<std::int64_t>& rows) {
    const std::int64_t columns = p.features.columns, count = p.parameter_count();
    const Real* theta = state.parameters.data() + m * count;
    std::vector<Real> sums(static_cast<std::size_t>(count) + 1, Real(0));
    for (std::int64_t row : rows) {
        std::vector<Real> x(p.features.row(row), p.features.row(row) + columns);
        if (p.affine)
            for (std::int64_t j = 0; j < columns; ++j) x[j] = fma_of(x[j], p.affine.scale[j], p.affine.shift[j]);
        std::vector<Real> values(static_cast<std::size_t>(p.outputs));
        for (std::int64_t o = 0; o < p.outputs; ++o) {
            values[o] = dot(x.data(), theta + o * columns, columns);
            if (p.bias) values[o] = values[o] + theta[p.outputs * columns + o];
        }
        Real loss = 0;
        visit_rule(LossRules{}, p.loss, RowLoss<Real>{p, p.targets + row * p.target_count, values, loss});
        if (p.weights) {
            const Real weight = p.weights[row * p.weight_sets + (p.member_sets ? p.member_sets[m] : 0)];
            loss = loss * weight;
            for (Real& slope : values) slope = slope * weight;
        }
        for (std::int64_t o = 0; o < p.outputs; ++o) {
            for (std::int64_t j = 0; j < columns; ++j) sums[o * columns + j] = fma_of(values[o], x[j], sums[o * columns + j]);
            if (p.bias) sums[p.outputs * columns + o] = sums[p.outputs * columns + o] + values[o];
        }
        sums[count] = sums[count] + loss;
    }
    return sums;
}

template <class Real>
std::vector<Real> tree(std::vector<std::vector<Real>> level) {
    while (level.size() > 1) {
        std::vector<std::vector<Real>> above;
        for (std::size_t i = 0; i < level.size(); i += 2) {
            for (std::size_t j = 0; j < level[i].size(); ++j) level[i][j] = level[i][j] + level[i + 1][j];
            above.push_back(level[i]);
        }
        level = above;
    }
    return level[0];
}

template <class Real>
std::vector<Real> batch_sums(const Problem<Real>& p, const TrainingState<Real>& state, std::int64_t m, std::int64_t step) {
    const std::int64_t batch = step % p.batches.steps_per_epoch;
    const EpochOrder order = p.batches.order.epoch(step / p.batches.steps_per_epoch);
    const SumShape shape = SumShape::of_batch(p.batches.rows(batch));
    std::vector<std::vector<Real>> partials;
    for (std::int64_t v = 0; v < shape.partials; ++v) {
        std::vector<std::int64_t> rows;
        for (std::int64_t i = shape.begin(v); i < shape.begin(v + 1); ++i) rows.push_back(order(p.batches.begin(batch) + i));
        partials.push_back(partial_sums(p, state, m, rows));
    }
    return tree(partials);
}

template <class Real>
void clip(const Problem<Real>& p, std::vector<Real>& g) {
    if (p.clip_value > 0)
        for (Real& x : g) x = x > p.clip_value ? p.clip_value : (x < -p.clip_value ? -p.clip_value : x);
    if (p.clip_norm > 0) {
        const Real norm = std::sqrt(dot(g.data(), g.data(), static_cast<std::int64_t>(g.size())));
        if (norm > p.clip_norm)
            for (Real& x : g) x = x * (p.clip_norm / (norm + Real(1e-6)));
    }
}

template <class Real>
void update_member(const Problem<Real>& p, TrainingState<Real>& state, std::int64_t m, const std::vector<Real>& g, const Real* scalars) {
    const std::int64_t count = p.parameter_count();
    for (std::int64_t j = 0; j < count; ++j) {
        Real s[max_rule_state] = {};
        for (int i = 0; i < p.state_vectors(); ++i) s[i] = state.state[i][m * count + j];
        const Real* row = scalars + (j < p.weight_count() ? 0 : rules::ScalarRow::size);
        visit_update(p.rule, p.variant, OneUpdate<Real>{row, g[j], state.parameters[m * count + j], s, p.averaging});
        for (int i = 0; i < p.state_vectors(); ++i) state.state[i][m * count + j] = s[i];
    }
}

template <class Real>
Result<Real> run(const Problem<Real>& p, const TrainingState<Real>& start, const Segment<Real>& segment) {
    Result<Real> result;
    result.state = start;
    for (std::int64_t step = 0; step < segment.steps; ++step) {
        std::vector<std::vector<Real>> gradients;
        std::vector<double> losses;
        for (std::int64_t m = 0; m < p.members && !result.frozen; ++m) {
            std::vector<Real> sums = batch_sums(p, result.state, m, segment.first_step + step);
            for (Real& sum : sums)
                if (!std::isfinite(sum)) result.frozen = true;
            if (result.frozen) result.frozen_member = m;
            losses.push_back(static_cast<double>(sums.back()));
            sums.pop_back();
            for (Real& sum : sums) sum = sum / static_cast<Real>(p.batches.rows((segment.first_step + step) % p.batches.steps_per_epoch));
            clip(p, sums);
            gradients.push_back(sums);
        }
        if (result.frozen) return result;
        for (std::int64_t m = 0; m < p.members; ++m)
            update_member(p, result.state, m, gradients[m], segment.scalars + (step * p.members + m) * rules::scalars_a_member);
        result.loss_sums.insert(result.loss_sums.end(), losses.begin(), losses.end());
        ++result.steps_done;
    }
    return result;
}

}  // namespace glissade::oracle
