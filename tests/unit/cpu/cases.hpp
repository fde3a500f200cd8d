// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "glissade/random.hpp"
#include "glissade/rules/catalog.hpp"
#include "host/execution/backend.hpp"
#include "tests/unit/cpu/exact_oracle.hpp"

namespace glissade::testing {

/// What a case of the backend's tests is made of. The data is random and follows from the shape.
struct CaseShape {
    std::int64_t rows = 100, columns = 5, outputs = 1, members = 1, batch = 16, steps = 7;
    int loss = rule_index<Logistic>(LossRules{});
    int rule = rule_index<Sgd>(UpdateRules{}), variant = 0;
    bool bias = true, weights = false, affine = false, averaging = false, padded_rows = false;
    double clip_norm = 0, clip_value = 0;
    Shuffle shuffle = Shuffle::full;
    double rate = .1;
    std::int64_t weight_sets = 1;           ///< several: member m has set m % weight_sets
    std::vector<std::int64_t> hidden = {};  ///< widths of tanh layers
    double dropout = 0;
    double label_smoothing = 0;
    bool bfloat16 = false;
    bool multi_label = false;  ///< of a loss of two classes with several outputs
};

inline std::ostream& operator<<(std::ostream& out, const CaseShape& s) {
    return out << s.rows << " x " << s.columns << ", " << s.outputs << " outputs, " << s.members << " members, batch " << s.batch << ", "
               << s.steps << " steps, loss " << s.loss << ", rule " << s.rule << "." << s.variant << (s.bias ? "" : ", no bias")
               << (s.weights ? ", weights" : "") << (s.weight_sets > 1 ? ", several sets" : "") << (s.affine ? ", affine" : "")
               << (s.averaging ? ", averaging" : "") << (s.padded_rows ? ", padded rows" : "") << ", clip " << s.clip_norm << " "
               << s.clip_value << ", shuffle " << static_cast<int>(s.shuffle) << ", " << s.hidden.size() << " hidden layers"
               << (s.label_smoothing > 0 ? ", label smoothing" : "") << (s.bfloat16 ? ", bfloat16" : "")
               << (s.multi_label ? ", several labels" : "");
}

struct LossFacts {
    LossKind kind = LossKind::regression;
    bool any_target = true;
    double constants[max_loss_constants] = {};
    template <class Rule>
    void operator()() {
        kind = Rule::kind;
        any_target = targets_of<Rule>() == TargetRange::any;
        Rule{}.prepare(constants);
    }
};

/// Writes one step's scalars of a rule with its default settings but the rate.
struct ScalarFacts {
    StepInfo step;
    double* memory;
    double* k;
    int states = 0;
    template <class Rule, int Variant>
    void operator()() {
        Rule rule;
        if constexpr (requires { rule.nesterov; }) rule.nesterov = Variant == 1;
        rule.prepare(step, memory, k);
        if constexpr (requires { rule.momentum; }) k[std::is_same_v<Rule, Sgd> ? 1 : 4] = Variant > 0 ? .9 : 0;
        states = Rule::state_count(Variant);
    }
};

/// A problem with everything that it points to.
template <class Real>
class Case {
public:
    explicit Case(const CaseShape& shape) : shape_(shape) {
        LossFacts facts;
        visit_rule(LossRules{}, shape.loss, facts);
        const bool labels = shape.multi_label && facts.kind == LossKind::binary;
        problem.target_count = facts.kind == LossKind::regression || labels ? shape.outputs : 1;
        problem.outputs = shape.outputs;
        const std::int64_t stride = shape.columns + (shape.padded_rows ? 3 : 0);
        features.assign(static_cast<std::size_t>(shape.rows * stride), Real(1e30));
        for (std::int64_t r = 0; r < shape.rows; ++r)
            for (std::int64_t j = 0; j < shape.columns; ++j) features[r * stride + j] = random(1, r * shape.columns + j);
        for (std::int64_t i = 0; i < shape.rows * problem.target_count; ++i) {
            const double u = Philox::uniform(9, 2, static_cast<std::uint64_t>(i));
            const double choices =
                facts.kind == LossKind::grouped || (shape.outputs > 1 && !labels) ? static_cast<double>(shape.outputs) : 2;
            targets.push_back(static_cast<Real>(facts.kind == LossKind::regression ? (facts.any_target ? 3 * u - 1 : 3 * u + .25)
                                                                                   : std::floor(u * choices)));
        }
        for (std::int64_t r = 0; r < shape.rows; ++r)
            for (std::int64_t set = 0; set < shape.weight_sets; ++set)
                row_weights.push_back(set > 0 && r % shape.weight_sets == set
                                          ? Real(0)
                                          : Real(.5) + (r % 3 == 0 ? Real(0) : random(3 + set, r) * random(3, r)));
        for (std::int64_t m = 0; m < shape.members; ++m) member_sets.push_back(static_cast<std::int32_t>(m % shape.weight_sets));
        for (std::int64_t j = 0; j < shape.columns; ++j) scale.push_back(Real(1.5) + random(4, j)), shift.push_back(random(5, j));
        problem.features = MatrixView<const Real>(features.data(), shape.rows, shape.columns, stride);
        problem.targets = targets.data();
        problem.weights = shape.weights ? row_weights.data() : nullptr;
        problem.weight_sets = shape.weight_sets;
        if (shape.weight_sets > 1) problem.member_sets = member_sets.data();
        if (shape.affine) problem.affine = {scale.data(), shift.data()};
        problem.members = shape.members;
        problem.bias = shape.bias;
        problem.loss = shape.loss;
        for (int i = 0; i < max_loss_constants; ++i) problem.loss_constants[i] = static_cast<Real>(facts.constants[i]);
        problem.rule = shape.rule;
        problem.variant = shape.variant;
        problem.averaging = shape.averaging;
        problem.clip_norm = static_cast<Real>(shape.clip_norm);
        problem.clip_value = static_cast<Real>(shape.clip_value);
        problem.label_smoothing = static_cast<Real>(shape.label_smoothing);
        problem.bfloat16 = shape.bfloat16;
        problem.batches.order = RowOrder{shape.rows, 77, shape.shuffle};
        problem.batches.batch_size = shape.batch;
        problem.batches.steps_per_epoch = (shape.rows + shape.batch - 1) / shape.batch;
        problem.hidden.widths = shape.hidden;
        problem.hidden.activation = rule_index<Tanh>(ActivationRules{});
        problem.dropout = static_cast<Real>(shape.dropout);
        for (std::int64_t m = 0; m < shape.members; ++m) dropout_seeds.push_back(static_cast<std::uint64_t>(100 + m));
        if (shape.dropout > 0) problem.dropout_seeds = dropout_seeds.data();
        make_scalars();
        make_state();
    }
    Case(const Case&) = delete;

    Segment<Real> segment() const { return part(0, shape_.steps); }
    Segment<Real> part(std::int64_t first, std::int64_t steps) const {
        return {first, steps, scalars.data() + first * shape_.members * rules::scalars_a_member};
    }
    std::unique_ptr<Backend<Real>> backend(int threads) const {
        auto made = make_cpu_backend<Real>(problem, {.threads = threads});
        made->set_state(start);
        return made;
    }
    /// The same case as member m alone sees it.
    void keep_member(std::int64_t m) {
        const std::int64_t members = problem.members, count = problem.parameter_count();
        std::vector<Real> kept;
        for (std::int64_t s = 0; s < shape_.steps; ++s)
            kept.insert(kept.end(), scalars.begin() + (s * members + m) * rules::scalars_a_member,
                        scalars.begin() + (s * members + m + 1) * rules::scalars_a_member);
        scalars = kept;
        const auto keep = [&](std::vector<Real>& v) { v = std::vector<Real>(v.begin() + m * count, v.begin() + (m + 1) * count); };
        keep(start.parameters);
        for (auto& v : start.state) keep(v);
        member_sets = {member_sets[static_cast<std::size_t>(m)]};
        if (problem.member_sets != nullptr) problem.member_sets = member_sets.data();
        dropout_seeds = {dropout_seeds[static_cast<std::size_t>(m)]};
        if (problem.dropout_seeds != nullptr) problem.dropout_seeds = dropout_seeds.data();
        problem.members = shape_.members = 1;
    }

    Problem<Real> problem;
    TrainingState<Real> start;
    std::vector<Real> features, targets, row_weights, scale, shift, scalars;
    std::vector<std::int32_t> member_sets;
    std::vector<std::uint64_t> dropout_seeds;

private:
    static Real random(std::uint64_t stream, std::int64_t i) {
        return static_cast<Real>(2 * Philox::uniform(5, stream, static_cast<std::uint64_t>(i)) - 1);
    }

    void make_scalars() {
        scalars.assign(static_cast<std::size_t>(shape_.steps * shape_.members * rules::scalars_a_member), Real(0));
        for (std::int64_t m = 0; m < shape_.members; ++m) {
            double memory[max_rule_memory] = {};
            for (std::int64_t s = 0; s < shape_.steps; ++s) {
                double k[max_rule_scalars] = {};
                ScalarFacts facts{{s + 1, shape_.rate * static_cast<double>(m + 1), 0, false}, memory, k};
                visit_update(shape_.rule, shape_.variant, facts);
                problem.state_count = facts.states;
                for (int kind = 0; kind < 2; ++kind) {
                    Real* row = scalars.data() + ((s * shape_.members + m) * 2 + kind) * rules::ScalarRow::size;
                    row[rules::ScalarRow::coupled_decay] = kind == 0 ? Real(.01) : Real(0);
                    row[rules::ScalarRow::shrink] = kind == 0 ? Real(1e-3) : Real(0);
                    row[rules::ScalarRow::average] = static_cast<Real>(1.0 / static_cast<double>(s + 1));
                    for (int i = 0; i < max_rule_scalars; ++i) row[rules::ScalarRow::rule + i] = static_cast<Real>(k[i]);
                }
            }
        }
    }

    void make_state() {
        const std::int64_t count = shape_.members * problem.parameter_count();
        for (std::int64_t i = 0; i < count; ++i) start.parameters.push_back(random(6, i) / 4);
        for (int v = 0; v < problem.state_vectors(); ++v) {
            start.state.emplace_back();
            for (std::int64_t i = 0; i < count; ++i) start.state.back().push_back(random(7, i + v) * random(7, i + v));
        }
    }

    CaseShape shape_;
};

/// Bit for bit, so that -0 differs from 0 and one NaN from another.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class Real>
bool same_state(const TrainingState<Real>& a, const TrainingState<Real>& b) {
    if (!same_bits(a.parameters, b.parameters) || a.state.size() != b.state.size()) return false;
    for (std::size_t i = 0; i < a.state.size(); ++i)
        if (!same_bits(a.state[i], b.state[i])) return false;
    return true;
}

/// Trains the case on the backend and says where it differs from `expected`, if it does.
template <class Real>
::testing::AssertionResult runs_to(const Case<Real>& c, int threads, const oracle::Result<Real>& expected) {
    auto backend = c.backend(threads);
    const SegmentReport report = backend->run(c.segment());
    if (report.frozen != expected.frozen || report.steps_done != expected.steps_done)
        return ::testing::AssertionFailure() << report.steps_done << " steps done, expected " << expected.steps_done << "; frozen "
                                             << report.frozen;
    if (report.frozen && report.frozen_member != expected.frozen_member)
        return ::testing::AssertionFailure() << "frozen member " << report.frozen_member;
    if (!same_bits(std::vector<double>(report.loss_sums.begin(), report.loss_sums.end()), expected.loss_sums))
        return ::testing::AssertionFailure() << "losses differ, first " << report.loss_sums[0] << " against " << expected.loss_sums[0];
    if (!same_state(backend->get_state(), expected.state)) return ::testing::AssertionFailure() << "the states differ";
    return ::testing::AssertionSuccess();
}

}  // namespace glissade::testing
