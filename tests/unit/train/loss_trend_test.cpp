// SPDX-License-Identifier: Apache-2.0
#include "host/train/loss_trend.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace glissade {
namespace {

using Curve = std::function<double(double)>;  ///< of the part of the run that is over

double constant(double) {
    return 1;
}
double cosine(double part) {
    return (1 + std::cos(std::numbers::pi * part)) / 2;
}

/// Epochs whose losses are `loss` of the part of all rates that was spent by their middle, and of the rate itself.
std::vector<EpochRecord> run_of(int epochs, const Curve& rate, const std::function<double(double spent, double rate)>& loss) {
    constexpr int fine = 1000;
    std::vector<double> spent = {0};
    for (int i = 0; i < epochs * fine; ++i) spent.push_back(spent.back() + rate((i + .5) / (epochs * fine)));
    std::vector<EpochRecord> history;
    for (int e = 0; e < epochs; ++e) {
        EpochRecord record;
        record.epoch = e + 1;
        record.lr = rate((e + 1.0) / epochs);
        const double middle = spent[static_cast<std::size_t>(e * fine + fine / 2)] / spent.back();
        record.loss = loss(middle, rate((e + .5) / epochs));
        history.push_back(record);
    }
    return history;
}

TEST(LateFall, SeesALossThatFallsInProportionToTheRatesSpent) {
    for (const Curve& rate : {Curve(constant), Curve(cosine)}) {
        for (const int epochs : {2, 3, 4, 10, 20, 100}) {
            const auto fall = late_fall(run_of(epochs, rate, [](double spent, double) { return 1 - .5 * spent; }));
            ASSERT_TRUE(fall) << epochs;
            EXPECT_GT(fall->part, 0);
            EXPECT_LT(fall->part, .5);
            EXPECT_GE(fall->epochs, 1);
            EXPECT_LT(fall->epochs, std::max(epochs, 2));
        }
    }
}

TEST(LateFall, TellsByHowMuchOverHowManyEpochs) {
    const auto history = run_of(8, constant, [](double spent, double) { return 1 - .5 * spent; });
    const auto fall = late_fall(history);
    ASSERT_TRUE(fall);
    EXPECT_EQ(fall->epochs, 2);
    EXPECT_EQ(fall->part, 1 - history.back().loss / history[history.size() - 3].loss);
}

TEST(LateFall, IsSilentWhereTheLossHasSettled) {
    for (const Curve& rate : {Curve(constant), Curve(cosine)}) {
        for (const int epochs : {2, 3, 5, 10, 20, 100}) {
            EXPECT_FALSE(late_fall(run_of(epochs, rate, [](double spent, double) { return .3 + .4 * std::exp(-20 * spent); }))) << epochs;
            EXPECT_FALSE(late_fall(run_of(epochs, rate, [](double, double) { return .3; }))) << epochs;
            EXPECT_FALSE(late_fall(run_of(epochs, rate, [](double spent, double) { return .3 + .1 * spent; }))) << "rising, " << epochs;
        }
    }
}

TEST(LateFall, IsSilentWhereLossesReachedAlmostNothing) {
    const auto exact = [](double spent, double) { return std::exp(-30 * spent); };  // a fit without noise: it falls for ever
    EXPECT_FALSE(late_fall(run_of(20, constant, exact)));
}

TEST(LateFall, IsSilentWhereOnlyTheNoiseOfTheStepsGoesWithTheirRate) {
    const auto noisy = [](double spent, double rate) { return .3 + .4 * std::exp(-40 * spent) + .02 * rate; };
    for (const int epochs : {10, 20, 100}) EXPECT_FALSE(late_fall(run_of(epochs, cosine, noisy))) << epochs;
}

TEST(LateFall, IsSilentWhereTheLossJumpedAbout) {
    auto history = run_of(20, cosine, [](double spent, double) { return 1 - .5 * spent; });
    ASSERT_TRUE(late_fall(history));
    history[4].loss += .5;
    EXPECT_FALSE(late_fall(history));
}

TEST(LateFall, SaysNothingOfRunsTooShortToTell) {
    EXPECT_FALSE(late_fall({}));
    EXPECT_FALSE(late_fall(run_of(1, constant, [](double, double) { return 1.0; })));
    EXPECT_FALSE(late_fall(run_of(
        5, [](double) { return 0.0; }, [](double, double) { return 1.0; })))
        << "rates of 0";
}

TEST(LeftBehind, IsALowestLossThatTheLastExceedsByATenth) {
    auto history = run_of(4, constant, [](double, double) { return 1.0; });
    EXPECT_FALSE(left_behind(history));
    history[1].loss = .95;
    EXPECT_FALSE(left_behind(history)) << "noise";
    history[1].loss = .5;
    ASSERT_TRUE(left_behind(history));
    EXPECT_EQ(left_behind(history)->epoch, 2);
    history.back().loss = .4;
    EXPECT_FALSE(left_behind(history));
    EXPECT_FALSE(left_behind({}));
}

}  // namespace
}  // namespace glissade
