// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "host/execution/idle.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "host/scheduler/scheduler.hpp"
#include "tests/support/cases.hpp"

namespace glissade::testing {

/// A run on sparse rows, as tests describe it.
struct SparseTrial {
    std::string label;
    Optimizer optimizer = Sgd{.lr = .1};
    Loss loss = "logistic";
    Schedule schedule = "constant";
    double l1 = 0, l2 = 0, clip_norm = 0, clip_value = 0;
    bool weighted = false, average = false, scaled = false, bias = true, decay_bias = false, one_vs_rest = false;
    std::int64_t rows = 60, columns = 40, batch = 7, epochs = 4, classes = 3;
    std::vector<double> rates = {};  ///< of further members, besides the optimizer's own
    Shuffle shuffle = Shuffle::none;
    double density = 0;  ///< the least chance of a column to be in a row
};

/// Its data, in the double precision of the reference and in Real, and everything that a backend needs.
template <class Real>
class SparseCase {
public:
    explicit SparseCase(const SparseTrial& trial, std::uint64_t seed = 31) : trial_(trial) {
        draw_rows(seed);
        values.assign(reference_.x.begin(), reference_.x.end());
        targets.assign(reference_.targets.begin(), reference_.targets.end());
        weights.assign(reference_.weights.begin(), reference_.weights.end());
        scale.assign(reference_.scale.begin(), reference_.scale.end());
        make_problem();
        std::vector<Member> members;
        for (std::size_t m = 0; m <= trial.rates.size(); ++m) {
            Member member{trial.optimizer, trial.l1, trial.l2, 0};
            if (m > 0) member.optimizer.set("lr", trial.rates[m - 1]);
            members.push_back(member);
        }
        const std::int64_t steps = problem.batches.steps_per_epoch * trial.epochs;
        scheduler_ = std::make_unique<Scheduler<Real>>(
            SchedulerSettings{problem.batches, members, trial.schedule, steps, trial.decay_bias,
                              AveragePlan{trial.average ? AverageKind::mean : AverageKind::none, .999, 1}});
        const Segment<Real> all = scheduler_->next(0, steps, false);
        scalars.assign(all.scalars, all.scalars + steps * problem.members * rules::scalars_a_member);
        steps_ = all.steps;
        make_start();
    }
    SparseCase(const SparseCase&) = delete;

    std::int64_t steps() const { return steps_; }
    Segment<Real> part(std::int64_t first, std::int64_t count) const {
        return {first, count, scalars.data() + first * problem.members * rules::scalars_a_member};
    }
    std::unique_ptr<Backend<Real>> backend(int threads) const {
        auto made = make_cpu_backend<Real>(problem, {.threads = threads});
        made->set_state(start);
        return made;
    }
    const reference::Problem& reference_problem() const { return reference_; }
    reference::Settings reference_settings() const {
        reference::Settings settings;
        copy_to_reference(trial_.optimizer, settings);
        copy_to_reference(trial_.loss, settings);
        settings.l1 = trial_.l1;
        settings.l2 = trial_.l2;
        settings.clip_norm = trial_.clip_norm;
        settings.clip_value = trial_.clip_value;
        settings.average = trial_.average;
        settings.decay_bias = trial_.decay_bias;
        return settings;
    }
    std::vector<reference::Step> reference_steps() const {
        auto out = reference::steps_in_file_order(reference_, trial_.batch, trial_.epochs, 0);
        for (std::size_t s = 0; s < out.size(); ++s) out[s].lr = scheduler_->lr(static_cast<std::int64_t>(s), 0);
        return out;
    }
    std::vector<double> reference_start() const { return {start.parameters.begin(), start.parameters.begin() + problem.parameter_count()}; }
    /// The same rows written out with their zeros.
    MatrixView<const Real> dense() {
        dense_.assign(static_cast<std::size_t>(trial_.rows * trial_.columns), Real(0));
        for (std::int64_t r = 0; r < trial_.rows; ++r)
            for (std::int64_t k = reference_.offsets[r]; k < reference_.offsets[r + 1]; ++k)
                dense_[static_cast<std::size_t>(r * trial_.columns + reference_.indices[k])] = values[k];
        return {dense_.data(), trial_.rows, trial_.columns};
    }

    Problem<Real> problem;
    TrainingState<Real> start;
    std::vector<Real> values, targets, weights, scale, shift, scalars;

private:
    /// Column j is in a row with chance about 1 / (1 + j / 3), if the trial asks for no more: some in most rows, many in a few, some in
    /// none. Row 5 is empty.
    void draw_rows(std::uint64_t seed) {
        const std::int64_t rows = trial_.rows, columns = trial_.columns;
        reference_ = testing::make_problem(trial_.loss, rows, columns, trial_.classes, seed, trial_.one_vs_rest);
        std::vector<double> kept;
        reference_.offsets = {0};
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < columns; ++j) {
                const double chance = std::max(trial_.density, 1 / (1 + static_cast<double>(j) / 3));
                if (r == 5 || uniform_value(seed + 2, r * columns + j, 0, 1) > chance) continue;
                kept.push_back(reference_.x[static_cast<std::size_t>(r * columns + j)]);
                reference_.indices.push_back(static_cast<std::uint32_t>(j));
            }
            reference_.offsets.push_back(static_cast<std::int64_t>(kept.size()));
        }
        reference_.x = kept;
        reference_.bias = trial_.bias;
        if (trial_.weighted) reference_.weights = make_weights(rows, seed + 3);
        for (std::int64_t j = 0; trial_.scaled && j < columns; ++j) {
            reference_.scale.push_back(static_cast<float>(uniform_value(seed + 4, j, .5, 2)));
            reference_.shift.push_back(0);
        }
    }

    void make_problem() {
        problem.features = {nullptr, trial_.rows, trial_.columns, 0};
        problem.sparse = {reference_.offsets.data(), reference_.indices.data(), values.data(), trial_.rows, trial_.columns};
        problem.targets = targets.data();
        problem.target_count = reference_.target_count;
        problem.weights = weights.empty() ? nullptr : weights.data();
        shift.assign(scale.size(), Real(0));
        if (!scale.empty()) problem.affine = {scale.data(), shift.data()};
        problem.outputs = reference_.outputs;
        problem.members = static_cast<std::int64_t>(trial_.rates.size()) + 1;
        problem.bias = trial_.bias;
        problem.loss = trial_.loss.index();
        double constants[max_loss_constants] = {};
        trial_.loss.prepare(constants);
        for (int i = 0; i < max_loss_constants; ++i) problem.loss_constants[i] = static_cast<Real>(constants[i]);
        problem.rule = trial_.optimizer.index();
        problem.variant = trial_.optimizer.variant();
        problem.state_count = trial_.optimizer.state_count();
        problem.averaging = trial_.average;
        problem.clip_norm = static_cast<Real>(trial_.clip_norm);
        problem.clip_value = static_cast<Real>(trial_.clip_value);
        problem.batches = plan_batches(trial_.rows, trial_.batch, false, 17, trial_.shuffle);
        const bool decays = trial_.l2 > 0 || (!trial_.optimizer.decoupled_decay() && trial_.optimizer.get("weight_decay") > 0);
        problem.idle = plan_idle(problem.rule, problem.variant, decays, trial_.l1 > 0, trial_.average);
    }

    void make_start() {
        const auto one = testing::make_start(reference_, 77);
        const auto members = static_cast<std::size_t>(problem.members);
        const auto repeat = [&](std::vector<Real>& out, auto&& value) {
            for (std::size_t m = 0; m < members; ++m)
                for (std::size_t j = 0; j < one.size(); ++j) out.push_back(value(j));
        };
        repeat(start.parameters, [&](std::size_t j) { return static_cast<Real>(one[j]); });
        start.state.resize(static_cast<std::size_t>(problem.state_vectors()));
        for (int s = 0; s < problem.state_vectors(); ++s)
            repeat(start.state[static_cast<std::size_t>(s)],
                   [&](std::size_t) { return s < problem.state_count ? static_cast<Real>(trial_.optimizer.initial_state(s)) : Real(0); });
        start.waiting = waiting_at_start(problem.members);
    }

    SparseTrial trial_;
    reference::Problem reference_;
    std::unique_ptr<Scheduler<Real>> scheduler_;
    std::int64_t steps_ = 0;
    std::vector<Real> dense_;
};

/// What a run leaves behind.
template <class Real>
struct SparseOutcome {
    TrainingState<Real> state;
    std::vector<double> losses;
};

/// Runs all steps in segments of `a_segment`, between which the state goes out and into a new backend if `renewed`.
template <class Real>
SparseOutcome<Real> run(const SparseCase<Real>& c, int threads, std::int64_t a_segment = 1 << 20, bool renewed = false) {
    auto backend = c.backend(threads);
    SparseOutcome<Real> out;
    for (std::int64_t step = 0; step < c.steps();) {
        const auto report = backend->run(c.part(step, std::min(a_segment, c.steps() - step)));
        out.losses.insert(out.losses.end(), report.loss_sums.begin(), report.loss_sums.end());
        step += report.steps_done;
        if (report.frozen) break;
        if (!renewed) continue;
        const auto state = backend->get_state();
        backend = c.backend(threads);
        backend->set_state(state);
    }
    out.state = backend->get_state();
    return out;
}

template <class Real>
bool same(const std::vector<Real>& a, const std::vector<Real>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0);
}
template <class Real>
void expect_same(const SparseOutcome<Real>& a, const SparseOutcome<Real>& b, const std::string& where) {
    EXPECT_TRUE(same(a.losses, b.losses)) << where << ": losses";
    EXPECT_TRUE(same(a.state.parameters, b.state.parameters)) << where << ": parameters";
    ASSERT_EQ(a.state.state.size(), b.state.state.size()) << where;
    for (std::size_t s = 0; s < a.state.state.size(); ++s)
        EXPECT_TRUE(same(a.state.state[s], b.state.state[s])) << where << ": state " << s;
    EXPECT_TRUE(same(a.state.waiting, b.state.waiting)) << where << ": waiting";
}

/// Every rule in every form, those with penalties that change how columns wait, and schedules that move the rate.
inline std::vector<SparseTrial> sparse_trials() {
    std::vector<SparseTrial> trials;
    for (const auto& c : update_cases()) {
        trials.push_back({c.name, c.optimizer});
        trials.push_back({c.name + " on a cosine", c.optimizer});
        trials.back().schedule = "cosine";
        const bool own_l1 = c.optimizer.has("l1_strength"), own_l2 = c.optimizer.get("weight_decay") > 0;
        if (own_l2) continue;
        for (const int penalties : {1, 2, 3}) {
            SparseTrial trial{c.name + " penalised " + std::to_string(penalties), c.optimizer};
            trial.l1 = (penalties & 1) != 0 && !own_l1 ? .01 : 0;
            trial.l2 = (penalties & 2) != 0 ? .05 : 0;
            trial.schedule = "exponential:gamma=.99";
            trials.push_back(trial);
        }
    }
    return trials;
}

}  // namespace glissade::testing
