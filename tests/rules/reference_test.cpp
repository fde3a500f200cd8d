// SPDX-License-Identifier: Apache-2.0
// The reference against closed forms, and the measured bound against what float32 runs really do.
#include <gtest/gtest.h>

#include <cmath>

#include "glissade/error.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/cases.hpp"
#include "tests/support/rule_run.hpp"

namespace glissade {
namespace {

/// One feature, no bias: the mean of 1/2 (w*x - y)^2 is a parabola with curvature mean(x^2) and optimum sum(x*y)/sum(x^2).
reference::Problem parabola() {
    reference::Problem problem;
    problem.rows = 4;
    problem.features = 1;
    problem.bias = false;
    problem.x = {1, 2, -1, .5};
    problem.targets = {2, 3, -3, 1};
    return problem;
}

TEST(Reference, GradientDescentOnAParabolaContractsByOneMinusRateTimesCurvature) {
    const auto problem = parabola();
    const double curvature = 6.25 / 4, optimum = 11.5 / 6.25, rate = .25, start[] = {3};
    reference::Trainer<double> trainer(problem, {}, start);
    double distance = start[0] - optimum;
    for (int t = 1; t <= 30; ++t) {
        trainer.step({{0, 1, 2, 3}, rate, {}});
        distance *= 1 - rate * curvature;
        // Each step has under 20 roundings of terms no larger than 13, and contracts what came before.
        EXPECT_NEAR(trainer.parameters()[0], optimum + distance, testing::gamma_bound<double>(20 * 13 / (rate * curvature))) << t;
    }
}

TEST(Reference, RowWeightsOfTwoAreRowsTwice) {
    auto problem = parabola();
    problem.weights = {2, 1, 0, 1};
    const double start[] = {0.5};
    reference::Trainer<double> weighted(problem, {}, start);
    const double loss = weighted.step({{0, 1, 2, 3}, .1, {}});
    auto repeated = parabola();
    reference::Trainer<double> twice(repeated, {}, start);
    EXPECT_EQ(twice.step({{0, 0, 1, 3}, .1, {}}), loss);
    EXPECT_NEAR(twice.parameters()[0], weighted.parameters()[0], testing::gamma_bound<double>(16) * 3);
}

TEST(Reference, ColumnScaleAndShiftAreThatOfTheData) {
    auto problem = testing::make_problem("logistic", 8, 3, 1, 41), mapped = problem;
    mapped.scale = {2, .5, 1};
    mapped.shift = {1, 0, -2};
    for (std::size_t i = 0; i < problem.x.size(); ++i) problem.x[i] = problem.x[i] * mapped.scale[i % 3] + mapped.shift[i % 3];
    const auto start = testing::make_start(problem, 42);
    reference::Trainer<double> a(problem, {}, start), b(mapped, {}, start);
    for (const auto& step : reference::steps_in_file_order(problem, 4, 3, .1)) EXPECT_EQ(a.step(step), b.step(step));
    EXPECT_EQ(a.parameters(), b.parameters());
}

TEST(Reference, AverageIsTheMeanOfTheParametersOverTheSteps) {
    const auto problem = testing::make_problem("squared", 12, 2, 1, 51);
    const auto start = testing::make_start(problem, 52);
    reference::Settings settings;
    settings.average = true;
    const auto steps = reference::steps_in_file_order(problem, 4, 5, .1);
    const auto run = reference::train(problem, settings, steps, start);
    for (std::size_t j = 0; j < start.size(); ++j) {
        double sum = 0;
        for (std::size_t s = 1; s < run.parameters.size(); ++s) sum += run.parameters[s][j];
        const double count = static_cast<double>(steps.size());
        EXPECT_NEAR(run.average[j], sum / count, testing::gamma_bound<double>(4 * count) * 2);
    }
}

TEST(Reference, UnknownNamesAndWrongSizesAreRefused) {
    const auto problem = parabola();
    const double start[] = {0, 0};
    reference::Settings settings;
    settings.optimizer = "none";
    EXPECT_THROW(reference::Trainer<double>(problem, settings, {start, 1}), Error);
    EXPECT_THROW(reference::Trainer<double>(problem, {}, start), Error);
    settings = {};
    settings.loss = "none";
    reference::Trainer<double> trainer(problem, settings, {start, 1});
    EXPECT_THROW(trainer.step({{0}, .1, {}}), Error);
}

TEST(Reference, KnowsEveryRuleOfTheCatalog) {
    const auto problem = testing::make_problem("logistic", 4, 2, 1, 61);
    const auto start = testing::make_start(problem, 62);
    for (const auto name : Optimizer::names()) {
        reference::Settings settings;
        testing::copy_to_reference(Optimizer::named(name), settings);
        EXPECT_NO_THROW(reference::Trainer<double>(problem, settings, start).step({{0, 1}, .1, {}})) << name;
    }
}

struct Measured {
    double bound, error;
};

/// The bound of a float32 run and the largest difference that a float32 run with a rate off by `fault` really shows.
Measured measure(const Optimizer& optimizer, const Loss& loss, double fault) {
    const auto problem = testing::make_problem(loss, 64, 8, 3, 71);
    const auto start = testing::make_start(problem, 72);
    reference::Settings settings;
    testing::copy_to_reference(optimizer, settings);
    testing::copy_to_reference(loss, settings);
    const auto steps = reference::steps_in_file_order(problem, 16, 10, optimizer.get("lr"));
    const auto bounds = reference::error_bounds(problem, settings, steps, start, reference::float32_unit);
    Optimizer used = optimizer;
    if (optimizer.full_batch_only()) used.set("lr", optimizer.get("lr") * (1 + fault));  // which hears no schedule
    testing::RuleRun<float> rules(problem, used, loss, settings, start);
    reference::Trainer<double> trainer(problem, settings, start);
    for (auto step : steps) {
        trainer.step(step);
        step.lr *= 1 + fault;
        rules.step(step);
    }
    Measured measured{bounds.parameters.back(), 0};
    for (std::size_t j = 0; j < start.size(); ++j)
        measured.error = std::fmax(measured.error, std::fabs(rules.parameters()[j] - trainer.parameters()[j]));
    return measured;
}

TEST(ReferenceBound, HoldsForCorrectFloatRunsAndBreaksForARateThatIsOffByOneInAHundred) {
    for (const auto optimizer : Optimizer::names())
        for (const auto loss : Loss::names()) {
            const Optimizer rule = Optimizer::named(optimizer);
            if (rule.driven_by_host()) continue;  // its rule moves nothing
            const auto right = measure(rule, loss, 0), wrong = measure(rule, loss, 1e-2);
            EXPECT_LE(right.error, right.bound) << optimizer << " " << loss;
            // A rule of signs turns by a whole step where slopes that are constant cancel to nothing: there any sign is right.
            if (rule.full_batch_only() && !Loss(loss).max_curvature()) continue;
            EXPECT_GT(wrong.error, wrong.bound) << optimizer << " " << loss << ": the bound would not notice";
        }
}

TEST(ReferenceBound, ScalesWithTheUnitRoundoff) {
    const auto problem = testing::make_problem("logistic", 16, 3, 1, 81);
    const auto start = testing::make_start(problem, 82);
    reference::Settings settings;
    settings.loss = "logistic";
    const auto steps = reference::steps_in_file_order(problem, 4, 4, .1);
    const double at_24 = reference::error_bounds(problem, settings, steps, start, 0x1p-24).worst_parameter();
    const double at_34 = reference::error_bounds(problem, settings, steps, start, 0x1p-34).worst_parameter();
    // The same draws: first-order errors scale exactly, second-order ones are as small as the first bound itself.
    EXPECT_NEAR(at_24 / at_34 / 1024, 1, 1024 * at_24);
    EXPECT_EQ(reference::error_bounds(problem, settings, steps, start, 0x1p-24).worst_parameter(), at_24) << "deterministic";
}

}  // namespace
}  // namespace glissade
