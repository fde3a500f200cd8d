// SPDX-License-Identifier: Apache-2.0
#include "glissade/averaging.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "problems.hpp"

/// The mean of the parameters over a run's steps, against the parameters after each step.
namespace glissade::averaging_test {
namespace {

using testing::RandomProblem;

TrainOptions settings() {
    TrainOptions options;
    options.loss = "squared";
    options.batch_size = 16;
    options.epochs = 4;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

TEST(Averaging, IsOverAllSteps) {
    const RandomProblem<double> problem(64, 3, 0, 6);
    TrainOptions options = settings();
    options.average.kind = AverageKind::mean;
    const auto averaged = train(problem.dataset(), options).model.parameters;
    options.average = {};
    std::vector<double> sum(averaged.size(), 0.0);
    constexpr int steps = 16;
    options.epochs = 4;
    for (int s = 1; s <= steps; ++s) {
        options.max_steps = s;
        options.schedule = "constant";
        const auto point = train(problem.dataset(), options).model.parameters;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += point[i] / steps;
    }
    options.average.kind = AverageKind::mean;
    options.max_steps = steps;
    const auto constant_rate = train(problem.dataset(), options).model.parameters;
    for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(constant_rate[i], sum[i], steps * steps * 0x1p-53) << i;
}

/// The parameters after each step of a run without averaging, and of the same run with it.
struct AveragedRun {
    std::vector<std::vector<double>> points;
    std::vector<double> average;

    AveragedRun(const Averaging& averaging, int steps) {
        const RandomProblem<double> problem(64, 3, 0, 6);
        TrainOptions options = settings();
        options.epochs = 4;
        options.schedule = "constant";
        for (options.max_steps = 1; options.max_steps <= steps; ++options.max_steps)
            points.push_back(train(problem.dataset(), options).model.parameters);
        options.max_steps = steps;
        options.average = averaging;
        average = train(problem.dataset(), options).model.parameters;
    }
};

TEST(Averaging, OfTheTailIsFromWhereItStarts) {
    constexpr int steps = 16;
    for (const auto& averaging : {Averaging{.kind = AverageKind::mean, .start = .625},
                                  Averaging{.kind = AverageKind::mean, .start = 10, .start_unit = ScheduleUnit::step},
                                  Averaging{.kind = AverageKind::mean, .start = 2.5, .start_unit = ScheduleUnit::epoch},
                                  Averaging{.kind = AverageKind::mean, .start = 145, .start_unit = ScheduleUnit::sample}}) {
        const AveragedRun run(averaging, steps);  // batches of 16 rows: 145 rows are reached by the tenth
        for (std::size_t i = 0; i < run.average.size(); ++i) {
            double sum = 0;
            for (std::size_t s = 9; s < steps; ++s) sum += run.points[s][i];
            EXPECT_NEAR(run.average[i], sum / 7, steps * steps * 0x1p-53) << i << ", unit " << static_cast<int>(averaging.start_unit);
        }
    }
}

TEST(Averaging, IsExponentialFromTheFirstPointOn) {
    const AveragedRun run({.kind = AverageKind::exponential, .decay = .75, .start = 2, .start_unit = ScheduleUnit::step}, 8);
    std::vector<double> mean = run.points[1];
    for (std::size_t s = 2; s < run.points.size(); ++s)
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = std::fma(.25, run.points[s][i] - mean[i], mean[i]);
    EXPECT_EQ(run.average, mean) << "bit for bit";
}

TEST(Averaging, LeavesTheLastPointUntilItBegins) {
    const RandomProblem<double> problem(64, 3, 0, 6);
    TrainOptions options = settings();
    options.epochs = 2;
    std::vector<std::vector<double>> models;
    for (const bool averaged : {false, true}) {
        if (averaged) options.average = {.kind = AverageKind::mean, .start = 8, .start_unit = ScheduleUnit::step};
        options.on_segment = [](const Progress& progress) { return progress.step >= 6 ? Control::stop : Control::go_on; };
        options.segment_steps = 1;
        models.push_back(train(problem.dataset(), options).model.parameters);
    }
    EXPECT_EQ(models[0], models[1]);
    options.average.start = 9;
    EXPECT_THROW(train(problem.dataset(), options), Error) << "a run of 8 steps";
    options.average = {.kind = AverageKind::exponential, .decay = 1};
    EXPECT_THROW(train(problem.dataset(), options), Error);
}

}  // namespace
}  // namespace glissade::averaging_test
