// SPDX-License-Identifier: Apache-2.0
// Runs whose epochs are asked for one by one: they are the run of the same settings, and what they add means what it says.
#include "host/train/epoch_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tests/support/bounds.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::epoch_run_test {
namespace {

using testing::error_of;
using testing::RandomProblem;

constexpr const char* held = "adaptive:patience=1000000000";

TrainOptions settings() {
    TrainOptions options;
    options.loss = "softmax";
    options.hidden = {9, 4};
    options.optimizer = Adam{.lr = 1e-2};
    options.batch_size = 32;
    options.epochs = 3;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

TEST(EpochRun, EpochsOneByOneAreTheBitsOfTheRun) {
    const RandomProblem<float> problem(150, 5, 3, 3);
    for (const char* schedule : {"cosine", "constant"}) {
        TrainOptions options = settings();
        options.schedule = schedule;
        options.dropout = .25;
        options.validation = problem.dataset();
        const glissade::Run whole = train(problem.dataset(), options);
        EpochRun parts(problem.dataset(), options, {});
        for (int epoch = 0; epoch < 3; ++epoch) EXPECT_TRUE(parts.next(0)) << epoch;
        EXPECT_FALSE(parts.next(0)) << "there were three";
        ASSERT_EQ(parts.history().size(), 3U);
        EXPECT_EQ(parts.history().back().loss, whole.history.back().loss);
        EXPECT_EQ(parts.parameters(true), whole.model.parameters) << schedule;
    }
}

TEST(EpochRun, TheCallerHoldsTheRate) {
    const RandomProblem<double> problem(150, 5, 3, 3);
    TrainOptions options = settings();
    options.schedule = "table:points=0:0.01/1:0.005/2:0.02,unit=epoch";
    const glissade::Run whole = train(problem.dataset(), options);
    options.schedule = held;
    EpochRun parts(problem.dataset(), options, {});
    for (const double rate : {.01, .005, .02}) EXPECT_TRUE(parts.next(rate));
    EXPECT_EQ(parts.parameters(false), whole.model.parameters);
}

TEST(EpochRun, GoesOnFromWhatARuleHasGathered) {
    const RandomProblem<double> problem(64, 5, 3, 3);
    TrainOptions options = settings();
    options.schedule = "constant";
    options.shuffle = Shuffle::none;
    options.epochs = 2;
    const glissade::Run whole = train(problem.dataset(), options);
    options.epochs = 1;
    EpochRun first(problem.dataset(), options, {});
    ASSERT_TRUE(first.next(0));
    options.start = whole.model;
    options.start->parameters = first.parameters(false);
    EpochRun second(problem.dataset(), options, {0, 0, first.rule_state()});
    ASSERT_TRUE(second.next(0));
    EXPECT_EQ(second.rule_state().steps, 4);
    EXPECT_EQ(second.parameters(false), whole.model.parameters);
    options.optimizer = Adamax{};
    options.hidden = {9, 5};
    options.start.reset();
    EXPECT_THROW(EpochRun(problem.dataset(), options, {0, 0, first.rule_state()}), Error) << "other layers";
}

/// Rows that all weigh 2: the penalty is alpha over twice the rows of the batch, and the loss holds half of it times |w|^2.
TEST(EpochRun, ThePenaltyIsSharedByTheWeightOfABatch) {
    RandomProblem<double> problem(64, 5, 3, 3);
    const double alpha = .5;
    TrainOptions options = settings();
    options.shuffle = Shuffle::none;
    options.schedule = "constant";
    options.epochs = 1;
    options.batch_size = full_batch;
    options.l2 = alpha / 128;
    const glissade::Run plain = train(problem.dataset(), options);
    problem.weights.assign(64, 2.0);
    EpochRun heavy(problem.dataset(true), options, {alpha, 1, {}});
    ASSERT_TRUE(heavy.next(0));
    EXPECT_EQ(heavy.parameters(false), plain.model.parameters);
    // The penalty is of the parameters before the step, which an epoch at a rate near 0 leaves as they are.
    options.optimizer = Sgd{.lr = std::numeric_limits<double>::min()};
    const glissade::Run still = train(problem.dataset(true), options);
    double squares = 0;
    for (const DenseLayer& layer : still.model.spec.layers())
        for (std::int64_t j = 0; j < layer.weight_count(); ++j)
            squares += std::pow(still.model.parameters[static_cast<std::size_t>(layer.weights_at + j)], 2);
    const double penalty = alpha / 128 / 2 * squares;
    EXPECT_NEAR(heavy.history()[0].loss - still.history[0].loss, penalty,
                100 * testing::unit_roundoff<double>() * (penalty + still.history[0].loss));
}

TEST(EpochRun, ABatchWithoutWeightLeavesTheParametersAlone) {
    RandomProblem<double> problem(64, 5, 3, 3);
    TrainOptions options = settings();
    options.shuffle = Shuffle::none;
    options.schedule = "constant";
    options.optimizer = Sgd{.lr = .125};
    options.epochs = 1;
    options.l2 = 1;
    problem.weights.assign(64, 0.0);
    std::fill_n(problem.weights.begin(), 32, 1.0);
    EpochRun both(problem.dataset(true), options, {.5, 1, {}});
    ASSERT_TRUE(both.next(0));
    options.max_steps = 1;
    options.l2 = .5 / 32;
    problem.weights.assign(64, 1.0);
    EXPECT_EQ(both.parameters(false), train(problem.dataset(true), options).model.parameters);
}

TEST(EpochRun, WeightsRunOnTheCpuOnly) {
    const RandomProblem<float> problem(64, 5, 3, 3);
    TrainOptions options = settings();
    options.device = "cuda";
    const auto error = error_of([&] { EpochRun(problem.dataset(true), options, {}); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("on the CPU"), std::string::npos);
}

}  // namespace
}  // namespace glissade::epoch_run_test
