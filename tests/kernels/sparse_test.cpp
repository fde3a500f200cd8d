// SPDX-License-Identifier: Apache-2.0
// Training on sparse rows on a card against the CPU backend, bit for bit.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/kernels/score_on_card.hpp"
#include "tests/kernels/sparse_compare.hpp"

namespace glissade::testing {
namespace {

class CudaSparse : public CudaTest {};

TEST_F(CudaSparse, EqualsTheCpuForEveryRule) {
    int n = 0;
    for (SparseTrial trial : sparse_trials()) {
        if (n++ % 7 != 0) continue;  // all of them in LongRuns
        trial.rows = 24;
        trial.epochs = 1;
        EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n)));
    }
}

TEST_F(CudaSparse, LongRunsEqualTheCpuForEveryRuleInEveryForm) {
    int n = 3;
    for (const SparseTrial& trial : sparse_trials()) EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n++)));
}

/// Every `apart`-th of all pairs of a loss and a rule, with row weights.
void expect_same_for_losses_and_rules(int apart) {
    int n = 0;
    for (const auto optimizer : Optimizer::names())
        for (const auto loss : Loss::names()) {
            if (n++ % apart != 0) continue;
            SparseTrial trial{std::string(optimizer) + " " + std::string(loss), Optimizer::named(optimizer), loss};
            trial.optimizer.set("lr", trial.optimizer.get("lr") / 4);
            trial.weighted = true;
            trial.rows = 12;
            trial.columns = 20;
            trial.epochs = 1;
            EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n)));
        }
}

/// 8 and the number of losses have no factor in common, so that each loss is met with several rules.
TEST_F(CudaSparse, EqualsTheCpuForEveryLossWithSomeRules) {
    static_assert(LossRules::count % 2 != 0);
    expect_same_for_losses_and_rules(8);
}
TEST_F(CudaSparse, LongTestOfEveryLossAndRule) {
    expect_same_for_losses_and_rules(1);
}

TEST_F(CudaSparse, EqualsTheCpuForEveryLossOfTwoClassesOneVersusTheRest) {
    int n = 0;
    for (const auto loss : Loss::names()) {
        SparseTrial trial{std::string(loss) + " one-vs-rest", Adagrad{.lr = .05}, loss};
        trial.weighted = trial.one_vs_rest = true;
        trial.epochs = 2;
        if (trial.loss.kind() != LossKind::binary) continue;
        EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n++)));
    }
}

TEST_F(CudaSparse, EqualsTheCpuWithClippingAveragingScalesMembersAndWithoutBias) {
    int n = 0;
    for (const auto name : {"sgd", "adagrad", "ftrl", "rmsprop", "lazy_adam", "adam"})
        for (int bits = n % 5; bits < 16; bits += 5, ++n) {
            SparseTrial trial{std::string(name) + " options " + std::to_string(bits), Optimizer::named(name)};
            trial.clip_norm = bits & 1 ? .05 : 0;
            trial.clip_value = bits & 2 ? .04 : 0;
            trial.average = bits & 4;
            trial.scaled = trial.decay_bias = n % 2 == 0;
            trial.bias = n % 3 != 0;
            trial.l1 = n % 4 == 0 ? .01 : 0;
            trial.l2 = n % 5 == 0 ? .02 : 0;
            trial.rows = 24;
            trial.epochs = 1;
            if (bits & 8) {
                trial.loss = "softmax";
                trial.rates = {.3, .05};
            }
            EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n)));
        }
}

TEST_F(CudaSparse, EqualsTheCpuInEveryOrderOfRowsWithLongColumnsAndAShortLastBatch) {
    int n = 0;
    for (const auto name : {"sgd", "lazy_adam", "ftrl"})
        for (const Shuffle shuffle : {Shuffle::full, Shuffle::none, Shuffle::replacement})
            for (const double clip : {0.0, .05}) {
                SparseTrial trial = large_sparse_trial(Optimizer::named(name));
                trial.shuffle = shuffle;
                trial.clip_norm = clip;
                if (n % 4 == 3) trial.rates = {.02};
                trial.epochs = 1;
                trial.l2 = n % 2 == 0 ? .03 : 0;
                EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n++)));
            }
}

TEST_F(CudaSparse, EqualsTheCpuForRowsWithManyOutputsAndBatchesOfOneRow) {
    for (const std::int64_t batch : {1, 9, 60}) {
        SparseTrial trial{"softmax of many", Adagrad{}, "softmax"};
        trial.classes = 11;
        trial.batch = batch;
        trial.epochs = 1;
        trial.clip_norm = batch == 9 ? .1 : 0;
        EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(static_cast<int>(batch))));
    }
}

TEST_F(CudaSparse, EqualsTheCpuForSeveralLabelsARow) {
    int n = 0;
    for (const auto loss : {"logistic", "hinge"}) {
        SparseTrial trial{std::string(loss) + " of labels", Adagrad{}, loss};
        trial.one_vs_rest = true;
        trial.epochs = 2;
        SparseCase<float> c(trial);
        const std::int64_t labels = c.problem.outputs;
        std::vector<float> targets;
        for (std::int64_t i = 0; i < trial.rows * labels; ++i) targets.push_back(i * i % 7 < 3 ? 1.0F : 0.0F);
        c.problem.targets = targets.data();
        c.problem.target_count = labels;
        EXPECT_TRUE(sparse_trains_as_on_cpu(c, trial.label, sparse_placement(n++)));
    }
}

TEST_F(CudaSparse, EqualsTheCpuWithSmoothedLabelsAndRowWeightsOfEachMember) {
    int n = 0;
    for (const auto loss : {"logistic", "softmax", "squared"})
        for (const bool one_vs_rest : {false, true}) {
            SparseTrial trial{std::string(loss) + " smoothed", Adagrad{}, loss};
            if (one_vs_rest && trial.loss.kind() != LossKind::binary) continue;
            trial.one_vs_rest = one_vs_rest;
            trial.rates = {.05, .2};
            trial.epochs = 2;
            SparseCase<float> c(trial);
            std::vector<std::int32_t> sets = {1, 0, 1};
            for (std::int64_t r = 0; r < 2 * trial.rows; ++r) c.weights.push_back(static_cast<float>(.25 * static_cast<double>(r % 7)));
            c.problem.weights = c.weights.data();
            c.problem.weight_sets = 2;
            c.problem.member_sets = sets.data();
            c.problem.label_smoothing = trial.loss.kind() == LossKind::regression ? 0.0F : .1F;
            EXPECT_TRUE(sparse_trains_as_on_cpu(c, trial.label, sparse_placement(n++)));
        }
}

TEST_F(CudaSparse, EqualsTheCpuWhereWhatWaitsIsBroughtBackInTime) {
    int n = 0;
    for (const double l2 : {.5, 1.9})
        for (const double l1 : {0.0, .001}) {
            SparseTrial trial{"sgd that decays fast", Sgd{.lr = .5}};
            trial.l2 = l2;
            trial.l1 = l1;
            trial.epochs = 5;
            trial.rates = {.01};  // its own steps are for the batch's columns only
            EXPECT_TRUE(sparse_trains_as_on_cpu(trial, sparse_placement(n++)));
        }
    SparseTrial trial{"sgd whose sums begin anew", Sgd{.lr = .1}};
    trial.l1 = .01;
    SparseCase<float> c(trial);
    const auto cpu = c.backend(1);
    const Segment<float> late = {steps_a_sum - 5, 10, c.scalars.data()};
    const SegmentReport expected = cpu->run(late);
    const auto cuda = sparse_backend(c, sparse_placement(n));
    EXPECT_TRUE(equal_reports(cuda->run(late), expected));
    EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state()));
}

/// Rows of a larger matrix: offsets begin above 0.
TEST_F(CudaSparse, EqualsTheCpuOnSomeRowsOfAMatrix) {
    const SparseTrial trial{"a part", Adagrad{}};
    SparseCase<float> c(trial);
    c.problem.sparse = c.problem.sparse.part(10, 40);
    c.problem.features.rows = 40;
    c.problem.targets += 10;
    c.problem.batches = plan_batches(40, trial.batch, false, 17, Shuffle::full);
    EXPECT_TRUE(sparse_trains_as_on_cpu(c, trial.label, sparse_placement(5)));
}

TEST_F(CudaSparse, ScoresAsTheCpu) {
    for (int n = 0; n < 6; ++n) {
        SparseTrial trial{"scores", Sgd{}, n % 2 == 0 ? "softmax" : "logistic"};
        trial.scaled = n % 3 == 0;
        trial.bias = n % 3 != 1;
        const SparseCase<float> c(trial);
        const std::int64_t outputs = c.problem.outputs;
        for (const std::int64_t rows : {0, 1, 60}) {
            const SparseView<const float> x = c.problem.sparse.part(60 - rows, rows);
            std::vector<float> expected(static_cast<std::size_t>(rows * outputs)), found(expected);
            c.backend(1)->score(x, c.start.parameters.data(), expected);
            const auto backend = sparse_backend(c, sparse_placement(n));
            backend->score(x, c.start.parameters.data(), found);
            EXPECT_TRUE(equal_bits(found, expected)) << rows << " rows, " << n;
            ScoreTask<float> task;
            task.sparse = x;
            task.affine = c.problem.affine;
            task.parameters = c.start.parameters.data();
            task.outputs = outputs;
            task.bias = trial.bias;
            std::fill(found.begin(), found.end(), 0.0F);
            score_on_card(task, found);
            EXPECT_TRUE(equal_bits(found, expected)) << rows << " rows, " << n;
        }
    }
}

}  // namespace
}  // namespace glissade::testing
