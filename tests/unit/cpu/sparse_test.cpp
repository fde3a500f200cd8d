// SPDX-License-Identifier: Apache-2.0
// Training on sparse rows: against the reference within the measured bound, against dense rows, and the same bits whatever the threads and
// segments.
#include <gtest/gtest.h>

#include <cmath>

#include "glissade/error.hpp"
#include "host/cpu/sparse_runner.hpp"
#include "tests/support/bounds.hpp"
#include "tests/unit/cpu/sparse_cases.hpp"

namespace glissade {
namespace {

using testing::SparseCase, testing::SparseTrial, testing::expect_same, testing::run, testing::same;
template <class Real>
using Outcome = testing::SparseOutcome<Real>;

template <class Real>
void expect_within_bound(const SparseTrial& trial) {
    const SparseCase<Real> c(trial);
    const auto settings = c.reference_settings();
    const auto steps = c.reference_steps();
    const auto start = c.reference_start();
    const double unit = sizeof(Real) == 4 ? reference::float32_unit : reference::float64_unit;
    const auto bounds = reference::error_bounds(c.reference_problem(), settings, steps, start, unit);
    reference::Trainer<double> trainer(c.reference_problem(), settings, start);
    const std::string label = trial.label + (sizeof(Real) == 4 ? " float32" : " float64");
    auto backend = c.backend(1);
    for (std::size_t s = 0; s < steps.size(); ++s) {
        const auto report = backend->run(c.part(static_cast<std::int64_t>(s), 1));
        ASSERT_EQ(report.steps_done, 1) << label;
        const auto rows = static_cast<double>(steps[s].rows.size());
        ASSERT_NEAR(report.loss_sums[0] / rows, trainer.step(steps[s]), bounds.losses[s]) << label << ": loss of step " << s + 1;
        const auto found = settled_parameters(c.problem, backend->get_state(), 0);
        const auto expected = trainer.parameters();
        for (std::size_t j = 0; j < expected.size(); ++j)
            ASSERT_NEAR(found[j], expected[j], bounds.parameters[s]) << label << ": step " << s + 1 << " parameter " << j;
    }
    const auto average = trainer.average();
    const auto state = backend->get_state();
    for (std::size_t j = 0; j < average.size(); ++j)
        ASSERT_NEAR(state.state[static_cast<std::size_t>(c.problem.state_count)][j], average[j], bounds.average) << label << ": average";
}

void expect_both(const SparseTrial& trial) {
    expect_within_bound<float>(trial);
    expect_within_bound<double>(trial);
}

TEST(SparseTraining, StaysWithinTheBoundForEveryRuleInEveryForm) {
    for (const auto& trial : testing::sparse_trials()) expect_both(trial);
}

TEST(SparseTraining, StaysWithinTheBoundForEveryLossAndRuleWithRowWeights) {
    for (const auto optimizer : Optimizer::names())
        for (const auto loss : Loss::names()) {
            SparseTrial trial{std::string(optimizer) + " " + std::string(loss), Optimizer::named(optimizer), loss};
            trial.optimizer.set("lr", trial.optimizer.get("lr") / 4);
            trial.weighted = true;
            trial.rows = 24;
            trial.epochs = 2;
            expect_both(trial);
        }
}

TEST(SparseTraining, StaysWithinTheBoundForEveryLossOfTwoClassesOneVersusTheRest) {
    for (const auto loss : Loss::names()) {
        SparseTrial trial{std::string(loss) + " one-vs-rest", Adagrad{.lr = .05}, loss};
        trial.weighted = trial.one_vs_rest = true;
        if (trial.loss.kind() == LossKind::binary) expect_both(trial);
    }
}

TEST(SparseTraining, StaysWithinTheBoundWithClippingAveragingScalesAndWithoutBias) {
    for (const auto name : {"sgd", "adagrad", "ftrl", "rmsprop", "lazy_adam", "adam"}) {
        SparseTrial trial{std::string(name) + " clipped", Optimizer::named(name)};
        trial.clip_norm = .05;
        trial.clip_value = .04;
        trial.decay_bias = true;
        trial.l2 = .02;
        expect_both(trial);
        trial = {std::string(name) + " averaged, scaled, without bias", Optimizer::named(name)};
        trial.average = trial.scaled = true;
        trial.bias = false;
        expect_both(trial);
    }
}

/// Waiting columns by their closed form against the same steps run one by one over all of them.
TEST(SparseTraining, GivesTheSameLazilyAsOverAllParameters) {
    for (const auto& trial : testing::sparse_trials()) {
        SparseCase<double> lazy(trial), all(trial);
        if (!lazy.problem.idle.lazy() || lazy.problem.idle.kind == Idle::skips) continue;
        all.problem.idle = {};
        all.start.state.resize(static_cast<std::size_t>(all.problem.state_vectors()));
        const auto bounds = reference::error_bounds(lazy.reference_problem(), lazy.reference_settings(), lazy.reference_steps(),
                                                    lazy.reference_start(), reference::float64_unit);
        const auto a = settled_parameters(lazy.problem, run(lazy, 1).state, 0), b = settled_parameters(all.problem, run(all, 1).state, 0);
        for (std::size_t j = 0; j < a.size(); ++j) ASSERT_NEAR(a[j], b[j], 2 * bounds.parameters.back()) << trial.label << ", " << j;
    }
}

TEST(SparseTraining, GivesWhatDenseRowsGive) {
    for (const auto& name : Optimizer::names()) {
        if (name == "lazy_adam") continue;  // every column of a dense row counts as held
        SparseTrial trial{std::string(name), Optimizer::named(name)};
        SparseCase<double> c(trial);
        const auto bounds = reference::error_bounds(c.reference_problem(), c.reference_settings(), c.reference_steps(), c.reference_start(),
                                                    reference::float64_unit);
        const auto sparse = settled_parameters(c.problem, run(c, 1).state, 0);
        Problem<double> dense = c.problem;
        dense.features = c.dense();
        dense.sparse = {};
        TrainingState<double> start = c.start;
        start.state.resize(static_cast<std::size_t>(dense.state_vectors()));
        auto backend = make_cpu_backend<double>(dense, {.threads = 1});
        backend->set_state(start);
        backend->run(c.part(0, c.steps()));
        const auto state = backend->get_state();
        for (std::size_t j = 0; j < sparse.size(); ++j)
            ASSERT_NEAR(sparse[j], state.parameters[j], 2 * bounds.parameters.back()) << name << ", " << j;
    }
}

/// Large enough for a team.
SparseTrial large(const Optimizer& optimizer) {
    SparseTrial trial{std::string(optimizer.name()), optimizer};
    trial.rows = 700;
    trial.columns = 900;
    trial.batch = 300;
    trial.epochs = 3;
    trial.shuffle = Shuffle::full;
    trial.weighted = true;
    return trial;
}

TEST(SparseTraining, GivesTheSameBitsOnAnyNumberOfThreads) {
    for (const auto name : Optimizer::names()) {
        SparseTrial trial = large(Optimizer::named(name));
        trial.l1 = trial.optimizer.has("l1_strength") ? 0 : 1e-4;
        trial.l2 = name == "sgd" ? 1e-2 : 0;
        trial.clip_norm = .05;
        const SparseCase<float> c(trial);
        const auto alone = run(c, 1);
        for (const int threads : {2, 3, 4, 5, 8, 16}) expect_same(run(c, threads), alone, trial.label + " on " + std::to_string(threads));
    }
}

TEST(SparseTraining, GivesTheSameBitsHoweverSegmentsAreCutAndTheStateIsCarriedOver) {
    for (const auto& trial : testing::sparse_trials()) {
        const SparseCase<float> c(trial);
        const auto whole = run(c, 1);
        expect_same(run(c, 1, 1), whole, trial.label + " in segments of one step");
        expect_same(run(c, 1, 4), whole, trial.label + " in segments of 4 steps");
        expect_same(run(c, 1, 5, true), whole, trial.label + " in a new backend after every 5 steps");
    }
}

TEST(SparseTraining, AMemberIsTheRunOfItsOwn) {
    for (const auto name : {"sgd", "adagrad", "ftrl", "rmsprop", "lazy_adam", "adam"})
        for (const auto loss : {"logistic", "softmax"}) {
            SparseTrial trial{name, Optimizer::named(name), loss};
            trial.rates = {.3, .05};
            trial.l2 = std::string_view(name) == "sgd" ? .05 : 0;
            trial.clip_norm = .2;
            const SparseCase<float> together(trial);
            const auto all = run(together, 1).state;
            for (std::size_t m = 0; m < 3; ++m) {
                SparseTrial single = trial;
                single.rates.clear();
                if (m > 0) single.optimizer.set("lr", trial.rates[m - 1]);
                const SparseCase<float> alone(single);
                EXPECT_TRUE(same(settled_parameters(together.problem, all, static_cast<std::int64_t>(m)),
                                 settled_parameters(alone.problem, run(alone, 1).state, 0)))
                    << name << " " << loss << ", member " << m;
            }
        }
}

TEST(SparseTraining, ParametersThatDecayFastAreBroughtBackInTime) {
    SparseTrial trial{"sgd", Sgd{.lr = .5}};
    trial.l2 = .5;  // the product of 36 factors .75 falls below 2^-14; with 1.9, single steps turn the sign
    trial.epochs = 8;
    trial.l1 = .001;
    expect_both(trial);
    trial.l2 = 1.9;
    expect_both(trial);
    trial.optimizer = Sgd{.lr = 1};
    trial.l2 = 1.2;
    expect_both(trial);
}

TEST(SparseTraining, L1AndFtrlLeaveExactZeros) {
    SparseTrial trial{"sgd", Sgd{.lr = .1}};
    trial.l1 = .05;
    trial.epochs = 40;
    trial.optimizer = Sgd{.lr = .1};
    SparseTrial ftrl{"ftrl", Ftrl{.lr = .1, .l1_strength = 2.5}};
    ftrl.epochs = 40;
    for (const SparseTrial& t : {trial, ftrl}) {
        SparseCase<float> c(t);
        std::fill(c.start.parameters.begin(), c.start.parameters.end(), 0.0f);
        const auto parameters = settled_parameters(c.problem, run(c, 1).state, 0);
        const auto zeros = std::count(parameters.begin(), parameters.end() - 1, 0.0f);
        EXPECT_GT(zeros, 10) << t.label;
        EXPECT_LT(zeros, 40) << t.label;
    }
}

TEST(SparseTraining, FreezesBeforeTheStepWithASumThatIsNotFinite) {
    for (const int threads : {1, 3}) {
        for (const auto name : {"sgd", "rmsprop", "ftrl", "adam"}) {
            SparseTrial trial = large(Optimizer::named(name));
            trial.shuffle = Shuffle::none;
            SparseCase<float> c(trial);
            const auto row = 450;  // in the second batch
            c.values[static_cast<std::size_t>(c.problem.sparse.offsets[row])] = std::numeric_limits<float>::infinity();
            auto backend = c.backend(threads);
            const auto report = backend->run(c.part(0, 3));
            EXPECT_TRUE(report.frozen) << name;
            EXPECT_EQ(report.steps_done, 1) << name;
            auto expected = c.backend(threads);
            expected->run(c.part(0, 1));
            expect_same<float>({backend->get_state(), {}}, {expected->get_state(), {}}, name);
            backend->run(c.part(2, 1));  // nothing of the step that was not taken is left over
            expected->run(c.part(2, 1));
            expect_same<float>({backend->get_state(), {}}, {expected->get_state(), {}}, std::string(name) + ", the step after");
        }
    }
}

TEST(SparseTraining, RowsLongerThanTheListOfHeldColumnsAndRowsWithoutASlope) {
    for (const auto name : {"sgd", "lazy_adam"}) {
        SparseTrial trial{name, Optimizer::named(name), "hinge"};
        trial.columns = 3 * cpu::SparseRunner<float>::most_held;
        trial.density = .6;
        trial.epochs = 2;
        const SparseCase<float> c(trial);
        const auto alone = run(c, 1);
        EXPECT_GT(std::count(alone.losses.begin(), alone.losses.end(), alone.losses[0]), 0) << "losses are numbers";
        for (const int threads : {2, 3}) expect_same(run(c, threads), alone, trial.label + " on " + std::to_string(threads));
        expect_same(run(c, 1, 1), alone, trial.label + " in segments of one step");
    }
}

TEST(SparseTraining, MovesItsClockBackWithoutAChange) {
    for (const auto& trial : testing::sparse_trials()) {
        const SparseCase<float> c(trial);
        ThreadTeam team(1);
        cpu::SparsePlan plan = cpu::plan_sparse(c.problem, 1);
        Outcome<float> out[2];
        for (const bool renewed : {false, true}) {
            if (renewed) plan.latest_clock = cpu::SparsePlan::most_age + 3;
            cpu::SparseRunner<float> runner(c.problem, plan, team);
            runner.set_state(c.start);
            std::vector<double> losses;
            for (std::int64_t step = 0; step < c.steps(); ++step) {
                runner.run(c.part(step, 1), losses);
                out[renewed].losses.insert(out[renewed].losses.end(), losses.begin(), losses.end());
            }
            out[renewed].state = runner.get_state();
        }
        expect_same(out[1], out[0], trial.label);
    }
}

TEST(SparseTraining, RollsBackTheLastSegment) {
    for (const auto& trial : testing::sparse_trials()) {
        const SparseCase<float> c(trial);
        auto backend = c.backend(1);
        backend->run(c.part(0, 5));
        const auto before = backend->get_state();
        backend->run(c.part(5, 9));
        backend->roll_back();
        expect_same<float>({backend->get_state(), {}}, {before, {}}, trial.label);
        EXPECT_THROW(backend->roll_back(), Error);
        backend->run(c.part(5, 2));
        auto straight = c.backend(1);
        straight->run(c.part(0, 7));
        expect_same<float>({backend->get_state(), {}}, {straight->get_state(), {}}, trial.label + ", run on");
    }
}

TEST(SparseTraining, RollsBackTheLastSegmentOfSeveralThreads) {
    for (const auto name : {"sgd", "rmsprop", "ftrl", "adam"}) {
        SparseTrial trial = large(Optimizer::named(name));
        const SparseCase<float> c(trial);
        for (const int threads : {2, 3, 7}) {
            auto backend = c.backend(threads);
            backend->run(c.part(0, 2));
            const auto before = backend->get_state();
            backend->run(c.part(2, 2));
            backend->roll_back();
            expect_same<float>({backend->get_state(), {}}, {before, {}}, name);
        }
    }
}

TEST(SparseTraining, ScoresAsItTrains) {
    SparseTrial trial{"sgd", Sgd{.lr = .1}, "softmax"};
    trial.scaled = true;
    const SparseCase<float> c(trial);
    const auto settled = settled_parameters(c.problem, c.start, 0);
    std::vector<float> one(static_cast<std::size_t>(trial.rows * 3)), three(one.size());
    c.backend(1)->score(c.problem.sparse, settled.data(), one);
    c.backend(3)->score(c.problem.sparse, settled.data(), three);
    EXPECT_TRUE(same(one, three));
    const auto& reference = c.reference_problem();
    for (std::int64_t r = 0; r < trial.rows; ++r)
        for (std::int64_t o = 0; o < 3; ++o) {
            double score = settled[static_cast<std::size_t>(3 * trial.columns + o)], size = std::fabs(score);
            const std::int64_t begin = reference.offsets[r], end = reference.offsets[r + 1];
            for (std::int64_t k = begin; k < end; ++k) {
                const auto j = static_cast<std::size_t>(reference.indices[k]);
                const double term = reference.x[k] * reference.scale[j] * settled[static_cast<std::size_t>(o * trial.columns) + j];
                score += term;
                size += std::fabs(term);
            }
            EXPECT_NEAR(one[static_cast<std::size_t>(r * 3 + o)], score,
                        testing::gamma_bound<float>(static_cast<double>(end - begin) + 4) * size);
        }
}

}  // namespace
}  // namespace glissade
