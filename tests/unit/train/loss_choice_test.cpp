// SPDX-License-Identifier: Apache-2.0
// What the choice of a loss means for targets, predictions and metrics, and of an optimizer for its penalties.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "problems.hpp"

namespace glissade {
namespace {

using testing::RandomProblem;

constexpr const char* log_losses[] = {"poisson", "gamma", "tweedie"};

/// Targets whose logarithm is linear but for noise.
template <class Real>
RandomProblem<Real> growth_problem(std::int64_t rows, std::uint64_t seed) {
    RandomProblem<Real> problem(rows, 5, 0, seed);
    for (Real& y : problem.y) y = std::exp(y);
    return problem;
}

TrainOptions options_with(const Loss& loss) {
    TrainOptions options;
    options.loss = loss;
    options.device = "cpu";
    return options;
}

std::string message_of(ErrorKind kind, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind);
        return error.what();
    }
    return "no error";
}

TEST(LossChoice, PredictionsOfALogLinkAreTheExponentialOfTheScoresAndMetricsAreOfThem) {
    const auto problem = growth_problem<double>(300, 5);
    for (const char* loss : log_losses) {
        TrainOptions options = options_with(loss);
        options.batch_size = 32;
        options.epochs = 60;
        const Model model = train(problem.dataset(), options).model;
        std::vector<double> scores(300), predictions(300);
        model.decision_function({problem.x.data(), 300, 5}, scores);
        model.predict({problem.x.data(), 300, 5}, predictions);
        double sizes = 0;
        for (std::size_t r = 0; r < 300; ++r) {
            EXPECT_NEAR(predictions[r], std::exp(scores[r]), 4 * 0x1p-53 * predictions[r]) << loss;
            sizes += std::fabs(predictions[r] - problem.y[r]);
        }
        const Metrics metrics = model.evaluate(problem.dataset());
        // The same 300 terms, each below 300 times the mean.
        EXPECT_NEAR(*metrics.mae, sizes / 300, 300 * 0x1p-52 * sizes) << loss;
        EXPECT_GT(*metrics.r2, .8) << loss << " fits targets that it was made for";
    }
}

TEST(LossChoice, TheOptimumOfALogLinkWithABiasPredictsTheMeanOfPoissonTargets) {
    // The slope of the bias is mean(e^score - y): at the optimum predictions and targets have the same sum.
    const auto problem = growth_problem<double>(200, 6);
    TrainOptions options = options_with("poisson");
    options.optimizer = Sgd{.lr = .1};
    options.schedule = Schedule("constant");
    options.batch_size = 200;
    options.epochs = 3000;
    const Model model = train(problem.dataset(), options).model;
    std::vector<double> predictions(200);
    model.predict({problem.x.data(), 200, 5}, predictions);
    double predicted = 0, given = 0;
    for (std::size_t r = 0; r < 200; ++r) predicted += predictions[r], given += problem.y[r];
    // Contracts by 1 - lr * curvature a step, and the curvature is above 0.1: rounding is all that is left.
    EXPECT_NEAR(predicted, given, 200 * 0x1p-40 * given);
}

TEST(LossChoice, AQuantileModelLeavesItsShareOfTheRowsBelowThePrediction) {
    const RandomProblem<double> problem(2000, 5, 0, 7);
    for (const double share : {.1, .5, .9}) {
        TrainOptions options = options_with(Quantile{.quantile = share});
        options.epochs = 200;
        const Model model = train(problem.dataset(), options).model;
        std::vector<double> predictions(2000);
        model.predict({problem.x.data(), 2000, 5}, predictions);
        double below = 0;
        for (std::size_t r = 0; r < 2000; ++r) below += problem.y[r] < predictions[r] ? 1 : 0;
        // At the optimum of 6 parameters at most 6 rows lie on the fit (Koenker and Bassett 1978, theorem 3.4); stopping early leaves a
        // slope of the bias, a share of rows, below 1 %.
        EXPECT_NEAR(below / 2000, share, 6.0 / 2000 + .01);
    }
}

TEST(LossChoice, TargetsThatALossCannotTakeAreNamedByTheirRow) {
    const auto with = [](const char* loss, double target) {
        auto problem = growth_problem<float>(20, 8);
        problem.y[12] = static_cast<float>(target);
        return message_of(ErrorKind::data, [&] { train(problem.dataset(), options_with(loss)); });
    };
    EXPECT_EQ(with("poisson", -1), "training data, row 13: target -1.000000 is not at least 0 (loss poisson)");
    EXPECT_EQ(with("tweedie", -1), "training data, row 13: target -1.000000 is not at least 0 (loss tweedie)");
    EXPECT_EQ(with("gamma", 0), "training data, row 13: target 0.000000 is not above 0 (loss gamma)");
    EXPECT_EQ(with("poisson", 0), "no error");
    EXPECT_EQ(with("tweedie", 0), "no error");
    RandomProblem<float> classes(20, 5, 2, 8);
    classes.y[12] = .5f;
    for (const char* loss : {"perceptron", "modified_huber"})
        EXPECT_EQ(message_of(ErrorKind::data, [&] { train(classes.dataset(), options_with(loss)); }),
                  "training data, row 13: target 0.500000 is not a class index (0, 1, 2, ...)");
}

TEST(LossChoice, TargetsOfALogLinkAreNotStandardised) {
    const auto problem = growth_problem<float>(20, 9);
    for (const char* loss : log_losses) {
        TrainOptions options = options_with(loss);
        options.standardize_target = true;
        EXPECT_EQ(message_of(ErrorKind::usage, [&] { train(problem.dataset(), options); }),
                  "loss " + std::string(loss) + " predicts e^score, so its targets are not standardised");
        Dataset shifted = problem.dataset();
        shifted.target_scale = {1};
        shifted.target_shift = {2};
        EXPECT_NE(message_of(ErrorKind::usage, [&] { train(shifted, options_with(loss)); }), "no error");
    }
}

TEST(LossChoice, ProbabilitiesThatALossDoesNotHaveAreRefusedWithThoseThatHaveThem) {
    const RandomProblem<float> problem(20, 5, 2, 10);
    const Model model = train(problem.dataset(), options_with("perceptron")).model;
    std::vector<float> out(40);
    EXPECT_EQ(message_of(ErrorKind::usage,
                         [&] {
                             model.predict_proba({problem.x.data(), 20, 5}, out);
                         }),
              "probabilities need one of the losses logistic, softmax, modified_huber; this model was trained with perceptron");
}

TEST(OptimizerChoice, FtrlLeavesRealZerosWhereNothingIsToBeLearnt) {
    const RandomProblem<float> problem(400, 5, 0, 11);
    RandomProblem<float> padded(400, 8, 0, 12);  // columns 5, 6 and 7 say nothing about the target
    for (std::size_t r = 0; r < 400; ++r) {
        std::copy_n(problem.x.begin() + static_cast<std::ptrdiff_t>(r * 5), 5, padded.x.begin() + static_cast<std::ptrdiff_t>(r * 8));
        padded.y[r] = problem.y[r];
    }
    TrainOptions options = options_with("squared");
    options.optimizer = Ftrl{.lr = .5, .l1_strength = 10};
    options.batch_size = 32;
    options.epochs = 40;
    const Model model = train(padded.dataset(), options).model;
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NE(model.parameters[j], 0) << j;
    for (std::size_t j = 5; j < 8; ++j) EXPECT_EQ(model.parameters[j], 0) << j;
}

TEST(OptimizerChoice, FtrlGoesOnFromAModelThatIsNotZero) {
    const RandomProblem<double> problem(200, 5, 0, 13);
    TrainOptions options = options_with("squared");
    options.optimizer = Adam{.lr = .05};
    const Model start = train(problem.dataset(), options).model;
    options.start = start;
    options.optimizer = Ftrl{.lr = 1e-9, .l1_strength = .5, .l2_strength = .5};
    options.epochs = 1;
    const Model after = train(problem.dataset(), options).model;
    // One step of 200 rows moves a parameter by at most lr * |g| / beta, and the slopes here are below 10.
    for (std::size_t j = 0; j < start.parameters.size(); ++j) EXPECT_NEAR(after.parameters[j], start.parameters[j], 1e-9 * 10) << j;
}

TEST(OptimizerChoice, FtrlRefusesThePenaltyThatItWouldUndo) {
    const RandomProblem<float> problem(20, 5, 2, 14);
    TrainOptions options = options_with("logistic");
    options.optimizer = Ftrl{};
    options.l1 = .1;
    EXPECT_NE(message_of(ErrorKind::usage, [&] { train(problem.dataset(), options); }).find("l1_strength"), std::string::npos);
}

TEST(OptimizerChoice, DecoupledDecayAndL2AreTwoThings) {
    const RandomProblem<float> problem(20, 5, 2, 15);
    TrainOptions options = options_with("logistic");
    options.l2 = .1;
    options.optimizer = Lion{.weight_decay = .1};
    EXPECT_NO_THROW(train(problem.dataset(), options));
    options.optimizer = RAdam{.weight_decay = .1};
    EXPECT_THROW(train(problem.dataset(), options), Error);
}

}  // namespace
}  // namespace glissade
