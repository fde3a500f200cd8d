// SPDX-License-Identifier: Apache-2.0
// Steps of one row go their own way: the bits are those of the way that batches go, which a limit on the norm that nothing reaches asks
// for.
#include <gtest/gtest.h>

#include <limits>

#include "host/cpu/sparse_runner.hpp"
#include "tests/unit/cpu/sparse_cases.hpp"

namespace glissade {
namespace {

using testing::SparseCase, testing::SparseTrial, testing::expect_same, testing::run, testing::same;

SparseTrial by_rows(SparseTrial trial) {
    trial.batch = 1;
    trial.epochs = 1;
    return trial;
}
SparseTrial as_batches(SparseTrial trial) {
    trial.clip_norm = std::numeric_limits<float>::max();
    return trial;
}
template <class Real>
void expect_as_batches(const SparseTrial& trial) {
    const SparseCase<Real> rows(trial), batches(as_batches(trial));
    const auto whole = run(batches, 1);
    expect_same(run(rows, 1), whole, trial.label);
    expect_same(run(rows, 1, 17, true), whole, trial.label + " in a new backend after every 17 steps");
}

TEST(SparseRows, GiveTheBitsOfBatchesForEveryRuleInEveryForm) {
    for (const auto& trial : testing::sparse_trials()) {
        expect_as_batches<float>(by_rows(trial));
        expect_as_batches<double>(by_rows(trial));
    }
}

TEST(SparseRows, GiveTheBitsOfBatchesWithWeightsScalesAndALimitOnValues) {
    for (const auto name : {"sgd", "adagrad", "ftrl", "rmsprop", "lazy_adam"}) {
        SparseTrial trial{name, Optimizer::named(name)};
        trial.weighted = trial.scaled = true;
        trial.clip_value = .02;
        trial.l2 = std::string_view(name) == "sgd" ? .05 : 0;
        trial.shuffle = Shuffle::full;
        expect_as_batches<float>(by_rows(trial));
        trial.bias = false;
        expect_as_batches<float>(by_rows(trial));
        const SparseCase<float> c(by_rows(trial));
        expect_same(run(c, 3), run(c, 1), trial.label + " on 3 threads");
    }
}

TEST(SparseRows, GiveTheBitsOfBatchesWhereSomeAreLongerThanABlock) {
    SparseTrial trial{"sgd", Sgd{.lr = .1}};
    trial.columns = 3 * cpu::SparseRunner<float>::block_columns;
    trial.density = 1. / 3;  // around a block
    trial.l2 = .05;
    const SparseCase<float> c(by_rows(trial));
    std::int64_t longer = 0;
    for (std::int64_t r = 0; r < trial.rows; ++r)
        longer += c.problem.sparse.offsets[r + 1] - c.problem.sparse.offsets[r] > cpu::SparseRunner<float>::block_columns;
    EXPECT_GT(longer, 0);
    EXPECT_LT(longer, trial.rows - 1);
    expect_as_batches<float>(by_rows(trial));
}

TEST(SparseRows, DecayFastAndAreBroughtBackInTime) {
    for (const double l2 : {.5, 1.9}) {
        SparseTrial trial{"sgd", Sgd{.lr = .5}};
        trial.l2 = l2;
        trial.l1 = .001;
        expect_as_batches<float>(by_rows(trial));
    }
}

TEST(SparseRows, RollBackTheLastSegment) {
    for (const auto& trial : testing::sparse_trials()) {
        const SparseCase<float> c(by_rows(trial));
        auto backend = c.backend(1);
        backend->run(c.part(0, 20));
        const auto before = backend->get_state();
        backend->run(c.part(20, 30));
        backend->roll_back();
        expect_same<float>({backend->get_state(), {}}, {before, {}}, trial.label);
    }
}

/// The first entry of a row in the middle is `value`, its weight 8; all parameters are 0, so that its slope is 4 or -4 and its loss finite.
void expect_step_40(float value, bool frozen) {
    SparseTrial trial = by_rows({"sgd", Sgd{.lr = .1}});
    trial.weighted = true;
    SparseCase<float> c(trial), batches(as_batches(trial));
    for (auto* one : {&c, &batches}) {
        one->values[static_cast<std::size_t>(one->problem.sparse.offsets[40])] = value;
        one->weights[40] = 8;
        std::fill(one->start.parameters.begin(), one->start.parameters.end(), 0.0f);
    }
    auto backend = c.backend(1);
    auto expected = batches.backend(1);
    expected->run(batches.part(40, 1));
    const auto report = backend->run(c.part(40, 1));
    EXPECT_EQ(report.frozen, frozen) << value;
    EXPECT_EQ(report.steps_done, frozen ? 0 : 1) << value;
    if (!frozen) return;
    expect_same<float>({backend->get_state(), {}}, {expected->get_state(), {}}, "the step that is not taken");
    backend->run(c.part(41, 1));
    expected->run(batches.part(41, 1));
    expect_same<float>({backend->get_state(), {}}, {expected->get_state(), {}}, "the step after");
}

TEST(SparseRows, FreezeBeforeATermThatIsNotFiniteAndTakeALargeOne) {
    constexpr float most = std::numeric_limits<float>::max();
    expect_step_40(std::numeric_limits<float>::quiet_NaN(), true);
    expect_step_40(most / 2, true);
    expect_step_40(most / 6, false);
}

}  // namespace
}  // namespace glissade
