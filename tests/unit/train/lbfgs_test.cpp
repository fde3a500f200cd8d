// SPDX-License-Identifier: Apache-2.0
// L-BFGS: its line search, its memory, and the exact optimum of convex problems.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/train/lbfgs.hpp"
#include "problems.hpp"
#include "tests/support/airfoil.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::lbfgs_test {
namespace {

using testing::RandomProblem;

nlohmann::json golden(const std::string& name) {
    return nlohmann::json::parse(std::ifstream(std::string(GLISSADE_TEST_SOURCE_DIR "/golden/") + name));
}

const testing::Airfoil<double>& airfoil() {
    static const testing::Airfoil<double> data(GLISSADE_TEST_SOURCE_DIR "/data/airfoil/airfoil_self_noise.dat");
    return data;
}

TrainOptions lbfgs(const char* loss, const Lbfgs& rule = {}) {
    TrainOptions options;
    options.loss = loss;
    options.optimizer = rule;
    options.batch_size = full_batch;
    options.schedule = "constant";
    options.epochs = 200;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

/// Searches along a function of one variable and says how it ended.
template <class Value, class Slope>
LineSearch::Status search(LineSearch& line, const Value& value, const Slope& slope, int most = 60) {
    LineSearch::Status status = LineSearch::Status::evaluate;
    for (int i = 0; i < most && status == LineSearch::Status::evaluate; ++i) status = line.next(value(line.step()), slope(line.step()));
    return status;
}

TEST(LineSearch, SatisfiesTheStrongWolfeConditionsFromAnyFirstStep) {
    // The first test function of More and Thuente 1994, with beta = 2, and a quartic with its minimum at 3.
    const auto mt = [](double a) { return -a / (a * a + 2); };
    const auto mt_slope = [](double a) { return (a * a - 2) / ((a * a + 2) * (a * a + 2)); };
    const auto quartic = [](double a) { return std::pow(a - 3, 4) + (a - 3) * (a - 3); };
    const auto quartic_slope = [](double a) { return 4 * std::pow(a - 3, 3) + 2 * (a - 3); };
    const auto expect_wolfe = [](const auto& value, const auto& slope, double first) {
        LineSearch line(value(0), slope(0), first, 1e10);
        ASSERT_EQ(search(line, value, slope), LineSearch::Status::found) << first;
        EXPECT_LE(value(line.step()), value(0) + LineSearch::decrease * line.step() * slope(0)) << first;
        EXPECT_LE(std::abs(slope(line.step())), LineSearch::curvature * std::abs(slope(0))) << first;
    };
    for (const double first : {1e-3, 1e-1, 1.0, 10.0, 1e3}) {
        expect_wolfe(mt, mt_slope, first);
        expect_wolfe(quartic, quartic_slope, first);
    }
}

TEST(LineSearch, FailsWhereNoStepIsLower) {
    LineSearch line(1, -1, 1, 1e10);  // the slope promises what the value does not keep
    EXPECT_EQ(search(
                  line, [](double) { return 1.0; }, [](double) { return 1.0; }, 2000),
              LineSearch::Status::failed);
}

TEST(Lbfgs, FindsTheOptimumOfTheAirfoilDataExactly) {
    const auto run = train(airfoil().dataset(), lbfgs("squared"));
    EXPECT_EQ(run.stop, StopReason::converged);
    EXPECT_LT(run.steps, 30);
    TrainOptions options = lbfgs("squared");
    options.validation = airfoil().dataset();
    constexpr double promised = 1e-9;
    EXPECT_NEAR(train(airfoil().dataset(), options).history.back().validation->loss, golden("airfoil.json").at("optimum").at("loss"),
                promised);
}

TEST(Lbfgs, FindsTheMinimumOfAParabolaToTheLastDigits) {
    // Mean of e^2/2 over y = 1 and 3 without features that matter: b = 2, w = 0, where the loss is 1/2.
    const std::vector<double> x = {0, 0}, y = {1, 3};
    const auto run = train(Dataset::borrow({x.data(), 2, 1}, y), lbfgs("squared"));
    EXPECT_EQ(run.stop, StopReason::converged);
    EXPECT_EQ(run.model.parameters, (std::vector<double>{0, 2}));
}

TEST(Lbfgs, MinimisesWithPenaltyWhereTheGradientOfBothVanishes) {
    const RandomProblem<double> problem(200, 5, 2, 7);
    TrainOptions options = lbfgs("logistic", {.tolerance_grad = 1e-9, .tolerance_change = 0});
    options.l2 = .05;
    const auto model = train(problem.dataset(), options).model.parameters;
    std::vector<double> gradient(6, 0.0);
    for (std::int64_t r = 0; r < problem.rows; ++r) {
        const double* row = problem.x.data() + r * problem.columns;
        double score = model[5];
        for (std::size_t j = 0; j < 5; ++j) score += model[j] * row[j];
        const double slope = (1 / (1 + std::exp(-score)) - problem.y[static_cast<std::size_t>(r)]) / static_cast<double>(problem.rows);
        for (std::size_t j = 0; j < 5; ++j) gradient[j] += slope * row[j];
        gradient[5] += slope;
    }
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(gradient[j] + .05 * model[j], 0, 2e-9) << j << ": twice the tolerance asked for";
    EXPECT_NEAR(gradient[5], 0, 2e-9);
}

TEST(Lbfgs, IsTheSameForAnyThreadsSegmentsAndMembers) {
    const RandomProblem<float> problem(333, 6, 3, 7);
    TrainOptions options = lbfgs("softmax");
    options.l2 = .01;
    const auto alone = train(problem.dataset(), options);
    options.threads = 3;
    options.segment_steps = 7;
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, alone.model.parameters);
    options.members = {{Lbfgs{.history = 2}, 0, .1, 0}, {Lbfgs{}, 0, .01, 0}, {Lbfgs{.lr = 1e4}, 0, 1, 0}};
    const auto together = train(problem.dataset(), options);
    EXPECT_EQ(together.members[1].model.parameters, alone.model.parameters);
    EXPECT_EQ(together.members[1].history.size(), alone.history.size()) << "each settles when it would alone";
}

TEST(Lbfgs, IsTheOracleOfOtherRules) {
    TrainOptions options = lbfgs("squared", {.tolerance_grad = 1e-12, .tolerance_change = 0});
    options.validation = airfoil().dataset();
    const double optimum = train(airfoil().dataset(), options).members[0].best_loss;
    constexpr double sums = 1500 * 0x1p-52, reached = 1e-6;  // what sums of 1500 rows may be off; what 2000 steps come to
    for (const Optimizer& other : {Optimizer(Sgd{.lr = .5, .momentum = .9}), Optimizer(Adam{.lr = .05}), Optimizer(Rprop{})}) {
        options.optimizer = other;
        options.epochs = 2000;
        options.schedule = other.full_batch_only() ? "constant" : "cosine";
        const double found = train(airfoil().dataset(), options).members[0].best_loss;
        EXPECT_GE(found, optimum * (1 - sums)) << other.name() << ": beyond the optimum";
        EXPECT_LE(found, optimum * (1 + reached)) << other.name();
    }
}

TEST(Lbfgs, GoesOnExactlyFromACheckpoint) {
    const test::ScratchDirectory scratch;
    const std::string directory = scratch.path();
    const RandomProblem<float> problem(100, 6, 2, 3);
    TrainOptions options = lbfgs("logistic");
    options.members = {{Lbfgs{.history = 3}, 0, .01, 0}, {Lbfgs{}, 0, 1, 0}};  // the second settles long before the first
    const auto whole = train(problem.dataset(), options);
    ASSERT_EQ(whole.stop, StopReason::converged);
    ASSERT_LT(whole.members[1].history.size(), whole.members[0].history.size());
    for (std::int64_t cut = 1; cut < whole.steps; ++cut) {
        std::filesystem::remove_all(directory);
        options.checkpoint.directory = directory;
        options.on_segment = [cut](const Progress& progress) { return progress.step >= cut ? Control::stop : Control::go_on; };
        train(problem.dataset(), options);
        options.on_segment = nullptr;
        const auto again = resume(problem.dataset(), directory, options);
        EXPECT_EQ(again.stop, StopReason::converged) << cut;
        EXPECT_EQ(again.steps, whole.steps) << cut;
        for (std::size_t m = 0; m < 2; ++m) EXPECT_EQ(again.members[m].model.parameters, whole.members[m].model.parameters) << cut;
    }
}

TEST(Lbfgs, ComesBackFromTrialsThatAreNotFinite) {
    const RandomProblem<double> problem(64, 3, 0, 6);
    std::vector<double> counts;
    for (const double y : problem.y) counts.push_back(std::floor(std::exp(y)));
    const auto data = Dataset::borrow(problem.view(), counts);
    constexpr double tolerance = 1e-9;
    const auto gentle = train(data, lbfgs("poisson", {.tolerance_grad = tolerance})),
               bold = train(data, lbfgs("poisson", {.lr = 1e6, .tolerance_grad = tolerance}));
    EXPECT_EQ(bold.stop, StopReason::converged) << "a first step of e^1000000";
    EXPECT_FALSE(bold.divergence.has_value());
    for (std::size_t j = 0; j < 4; ++j)
        EXPECT_NEAR(bold.model.parameters[j], gentle.model.parameters[j], 1000 * tolerance) << j << ": curvatures are above 1/500";
}

TEST(Lbfgs, SaysWhatDoesNotGoWithIt) {
    const RandomProblem<float> problem(64, 3, 2, 6);
    const auto refusal = [&](const std::function<void(TrainOptions&)>& change) {
        TrainOptions options = lbfgs("logistic");
        change(options);
        const auto error = testing::error_of([&] { train(problem.dataset(), options); });
        return error && error->kind() == ErrorKind::usage ? std::string(error->what()) : std::string("no error");
    };
    EXPECT_NE(refusal([](auto& o) { o.batch_size = 32; }).find("batch size must be full"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.shuffle = Shuffle::replacement; }).find("without replacement"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.schedule = "cosine"; }).find("schedule must be constant"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.l1 = .1; }).find("use l2"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.clip_norm = .1; }).find("clipping"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.average.kind = AverageKind::mean; }).find("average"), std::string::npos);
    EXPECT_NE(refusal([](auto& o) { o.optimizer = Rprop{}, o.batch_size = 32; }).find("batch size must be full"), std::string::npos);
    EXPECT_EQ(refusal([](auto& o) { o.optimizer = Rprop{}, o.average.kind = AverageKind::mean; }), "no error");
    EXPECT_NE(refusal([](auto& o) { o.optimizer = Lbfgs{.history = 2.5}; }).find("whole numbers"), std::string::npos);
}

TEST(LbfgsMemory, ComesBackFromItsNumbersAndRefusesOthers) {
    const LbfgsMemory memory{true, true, 1.5, 30, {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}};
    const auto numbers = memory.numbers();
    EXPECT_EQ(LbfgsMemory::from(numbers, 2).numbers(), numbers);
    EXPECT_THROW(LbfgsMemory::from(numbers, 3), Error);
    EXPECT_THROW(LbfgsMemory::from(std::span(numbers).first(4), 2), Error);
}

}  // namespace
}  // namespace glissade::lbfgs_test
