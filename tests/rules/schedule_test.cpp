// SPDX-License-Identifier: Apache-2.0
#include "glissade/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "glissade/error.hpp"
#include "tests/support/bounds.hpp"

namespace glissade {
namespace {

/// A run of 10 epochs of 20 steps of 8 rows.
ScheduleClock clock_at(std::int64_t step) {
    return {step, 20, 200, 8};
}

double rate(const char* text, std::int64_t step) {
    return Schedule(text).at(clock_at(step), 1.0).lr;
}

/// A text with every key that has no default filled in.
std::string usable_text(const Schedule::Entry& entry) {
    std::string text(entry.name);
    char separator = ':';
    for (const std::string& key : entry.keys) {
        const bool needed = key.back() == '=';
        if (!needed) continue;
        const bool fraction = key == "gamma=" || key == "decay=" || key == "low=";
        text += separator + key + (key == "milestones=" ? "5/20" : (key == "points=" ? "5:0.25/20:0" : (fraction ? "0.5" : "8")));
        separator = ',';
    }
    return text;
}

std::string message_of(const char* text) {
    try {
        Schedule schedule(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        return error.what();
    }
    return "no error";
}

TEST(Schedule, EveryRowOfTheTableReadsBackAndIsFiniteAndPositiveOrZeroThroughoutTheRun) {
    ASSERT_GE(Schedule::table().size(), 20u);
    for (const auto& entry : Schedule::table())
        for (const char* unit : {"step", "epoch", "sample", "fraction"}) {
            const Schedule schedule(usable_text(entry) + ",unit=" + unit);
            EXPECT_EQ(Schedule(schedule.text()).text(), schedule.text());
            for (std::int64_t step = 0; step < 200; ++step) {
                const auto value = schedule.at(clock_at(step), 0.1);
                EXPECT_TRUE(std::isfinite(value.lr) && value.lr >= 0) << schedule.text() << " at " << step;
                EXPECT_EQ(value.momentum.has_value(), schedule.moves_momentum()) << schedule.text();
            }
        }
}

TEST(Schedule, IsAPureFunctionOfTheStep) {
    for (const auto& entry : Schedule::table()) {
        const Schedule forward(usable_text(entry)), backward(usable_text(entry));
        std::vector<double> rates;
        for (std::int64_t step = 0; step < 200; ++step) rates.push_back(forward.at(clock_at(step), 0.1).lr);
        for (std::int64_t step = 199; step >= 0; --step)
            EXPECT_EQ(backward.at(clock_at(step), 0.1).lr, rates[static_cast<std::size_t>(step)]) << entry.name << " at " << step;
    }
}

TEST(Schedule, AnOffsetIsWhereTheCountBegins) {
    for (const std::int64_t step : {0, 1, 7}) {
        EXPECT_EQ(rate("invscaling:power=0.25,offset=40", step), rate("invscaling:power=0.25", step + 40));
        EXPECT_EQ(rate("optimal:alpha=0.5,unit=sample,offset=80", step), rate("optimal:alpha=0.5,unit=sample", step + 10));
    }
}

TEST(Schedule, DefaultsToTheConstantRate) {
    EXPECT_TRUE(Schedule().is_constant());
    EXPECT_EQ(Schedule().at(clock_at(7), 0.3).lr, 0.3);
    EXPECT_FALSE(Schedule("cosine").is_constant());
    EXPECT_FALSE(Schedule("constant:length=3 + cosine").is_constant());
}

TEST(Schedule, StaircaseInEpochsChangesAtTheFirstStepOfAnEpoch) {
    EXPECT_EQ(rate("step:every=3,gamma=0.5,unit=epoch", 59), 1.0);
    EXPECT_EQ(rate("step:every=3,gamma=0.5,unit=epoch", 60), 0.5);
    EXPECT_EQ(rate("multistep:milestones=2/5,gamma=0.5,unit=epoch", 39), 1.0);
    EXPECT_EQ(rate("multistep:milestones=2/5,gamma=0.5,unit=epoch", 40), 0.5);
    EXPECT_EQ(rate("multistep:milestones=2/5,gamma=0.5,unit=epoch", 100), 0.25);
}

TEST(Schedule, UnitsNameTheSamePointOfTheRun) {
    // 60 steps = 3 epochs = 480 rows = .3 of the run.
    for (const char* text : {"step:every=60", "step:every=3,unit=epoch", "step:every=480,unit=sample", "step:every=.3,unit=fraction"}) {
        EXPECT_EQ(rate(text, 59), 1.0) << text;
        EXPECT_EQ(rate(text, 60), 0.1) << text;
    }
}

TEST(Schedule, CosineWithoutLengthCoversTheRunInAnyUnit) {
    for (const char* text : {"cosine", "cosine:unit=epoch", "cosine:unit=sample", "cosine:unit=fraction", "cosine:length=200"}) {
        EXPECT_EQ(rate(text, 0), 1.0) << text;
        EXPECT_NEAR(rate(text, 100), 0.5, testing::gamma_bound<double>(8)) << text;
        EXPECT_GT(rate(text, 199), 0.0) << text;
        EXPECT_LT(rate(text, 199), rate(text, 198)) << text;
    }
}

TEST(Schedule, PartsOfASequenceStartAtTheirOwnZero) {
    const char* text = "warmup:length=10 + step:every=30,gamma=0.5,length=90 + cosine";
    for (std::int64_t step = 0; step < 10; ++step) EXPECT_EQ(rate(text, step), static_cast<double>(step + 1) / 10) << step;
    for (std::int64_t step = 10; step < 100; ++step) EXPECT_EQ(rate(text, step), rate("step:every=30,gamma=0.5", step - 10)) << step;
    for (std::int64_t step = 100; step < 200; ++step)
        EXPECT_EQ(rate(text, step), Schedule("cosine").at({step - 100, 20, 100, 8}, 1.0).lr) << step;
}

TEST(Schedule, LengthsOfASequenceMayBeInDifferentUnits) {
    const char* text = "warmup:length=2,unit=epoch + constant:length=160,unit=sample + step:every=5,gamma=0.5";
    EXPECT_LT(rate(text, 38), 1.0);
    EXPECT_EQ(rate(text, 39), 1.0);
    EXPECT_EQ(rate(text, 64), 1.0);
    EXPECT_EQ(rate(text, 65), 0.5);  // 40 steps of warm-up, 20 constant, 5 of the staircase
}

TEST(Schedule, ProductMultipliesFactorsOfTheBaseRate) {
    for (std::int64_t step = 0; step < 200; ++step)
        EXPECT_NEAR(rate("step:every=10 * exponential:gamma=0.99", step),
                    rate("step:every=10", step) * rate("exponential:gamma=0.99", step),
                    testing::gamma_bound<double>(4) * rate("step:every=10", step));
    EXPECT_EQ(rate("warmup:length=4 * constantlr:factor=.5,length=2 + constant", 1), 0.25);
    EXPECT_EQ(rate("warmup:length=4 * constantlr:factor=.5,length=2 + step:every=1", 4),
              1.0);  // a product lasts as long as its longest part
}

TEST(Schedule, WarmupReachesTheFullRateAtItsLastStep) {
    EXPECT_EQ(rate("warmup:length=500,unit=sample", 0), 8.0 / 500);
    EXPECT_EQ(rate("warmup:length=20", 0), 1.0 / 20);
    EXPECT_EQ(rate("warmup:length=20", 19), 1.0);
    EXPECT_EQ(rate("warmup:length=20", 150), 1.0);
}

TEST(Schedule, InverseFormsHaveTheirPublishedValues) {
    EXPECT_EQ(rate("inverse_time:decay=0.5", 6), 0.25);
    EXPECT_EQ(rate("inverse_sqrt:warmup=16", 3), 0.25);
    EXPECT_EQ(rate("inverse_sqrt:warmup=16", 15), 1.0);
    EXPECT_EQ(rate("inverse_sqrt:warmup=16", 63), 0.5);
    EXPECT_EQ(rate("inverse_sqrt", 3), 0.5);
    EXPECT_EQ(rate("invscaling", 0), 1.0);
    EXPECT_EQ(rate("invscaling:power_t=1", 3), 0.25);
    EXPECT_EQ(rate("invscaling:power=.25", 15), 0.5);
}

TEST(Schedule, OptimalStartsAtTheExpectedSizeOfTheWeightsAndIgnoresTheBaseRate) {
    // alpha = 2^-8: typw = 4, t0 = 1/(4*2^-8) = 64.
    const Schedule schedule("optimal:alpha=0.00390625");
    EXPECT_EQ(schedule.at(clock_at(0), 0.1).lr, 4.0);
    EXPECT_EQ(schedule.at(clock_at(64), 123.0).lr, 2.0);
    EXPECT_EQ(schedule.at(clock_at(192), 0.1).lr, 1.0);
}

TEST(Schedule, WarmupStableDecayRisesHoldsAndFallsToItsEndWithTheRun) {
    const char* text = "wsd:warmup=20,decay=50";
    for (std::int64_t step = 0; step < 20; ++step) EXPECT_EQ(rate(text, step), static_cast<double>(step + 1) / 20) << step;
    for (std::int64_t step = 20; step <= 150; ++step) EXPECT_EQ(rate(text, step), 1.0) << step;
    EXPECT_EQ(rate(text, 175), 0.5);
    EXPECT_EQ(rate(text, 200), 0.0);
    EXPECT_EQ(rate("wsd:warmup=1,decay=2.5,end=0.25,unit=epoch", 175), 0.625);
    EXPECT_EQ(rate("wsd:decay=64,anneal=sqrt", 152), 0.5) << "1 - sqrt(1/4)";
    EXPECT_NEAR(rate("wsd:decay=50,anneal=cos", 175), 0.5, testing::gamma_bound<double>(8));
    EXPECT_EQ(rate("wsd:warmup=20,decay=50,length=100", 75), 0.5);
    EXPECT_EQ(rate("wsd:warmup=20,decay=50,length=100", 150), 0.0);
    EXPECT_EQ(rate("wsd:warmup=100,decay=150", 150), 0.5) << "the decay has the 100 steps that the warm-up leaves";
}

TEST(Schedule, TableHoldsItsRatesOrJoinsThemByLines) {
    const char* text = "table:points=20:0.5/40:0.25/100:0";
    for (const auto& [step, wanted] : {std::pair{0, 1.0}, {19, 1.0}, {20, 0.5}, {39, 0.5}, {40, 0.25}, {99, 0.25}, {100, 0.0}, {199, 0.0}})
        EXPECT_EQ(rate(text, step), wanted) << step;
    const char* lines = "table:points=20:0.5/40:0.25/100:0,between=line";
    for (const auto& [step, wanted] : {std::pair{19, 1.0}, {20, 0.5}, {30, 0.375}, {40, 0.25}, {70, 0.125}, {100, 0.0}, {150, 0.0}})
        EXPECT_EQ(rate(lines, step), wanted) << step;
    EXPECT_EQ(rate("table:points=0:1e-1/1e+0:0.5,unit=epoch", 20), 0.5);
}

TEST(Schedule, CyclicPeaksAtTheBaseRateAndHalvesItsHeight) {
    EXPECT_EQ(rate("cyclic:low=0.5,up=8,down=4", 8), 1.0);
    EXPECT_EQ(rate("cyclic:low=0.5,up=8,down=4", 10), 0.75);
    EXPECT_EQ(rate("cyclic:low=0.5,up=8", 16), 0.5);
    EXPECT_EQ(rate("cyclic:low=0.5,up=8,mode=triangular2", 24), 0.75);
    EXPECT_EQ(rate("cyclic:low=0.5,up=8,mode=exp_range,gamma=0.5", 8), 0.5 + 0.5 / 256);
    EXPECT_FALSE(Schedule("cyclic:low=0,cycle_momentum=no").moves_momentum());
}

/// The rate after epochs with these losses.
double watched(const Schedule& schedule, const std::vector<EpochLosses>& epochs, LossWatch& watch) {
    for (std::size_t e = 0; e < epochs.size(); ++e)
        schedule.observe({static_cast<std::int64_t>(20 * (e + 1)), 20, 200, 8, watch.rate}, 1.0, epochs[e], watch);
    return watch.rate;
}

TEST(Schedule, PlateauPrefersTheValidationLoss) {
    LossWatch watch;
    const Schedule schedule("plateau:factor=.5,patience=0");
    EXPECT_TRUE(schedule.watches_loss());
    EXPECT_EQ(watched(schedule, {{3, 1.0}, {2, .9}, {1, .9}}, watch), 0.5) << "only the training loss fell";
    LossWatch by_training;
    EXPECT_EQ(watched(schedule, {{3, {}}, {2, {}}, {1, {}}}, by_training), 1.0);
    EXPECT_EQ(watched(schedule, {{1, {}}}, by_training), 0.5);
}

TEST(Schedule, AdaptiveDividesWhereTheTrainingLossStallsAndEndsBelowItsLowestRate) {
    LossWatch watch;
    const Schedule schedule("adaptive:n_iter_no_change=2,tol=.25,divide=4,lowest=.0625");
    EXPECT_EQ(watched(schedule, {{8, {}}, {7, {}}, {6.875, {}}, {6.5, {}}}, watch), 1.0) << "one stall, then none";
    EXPECT_EQ(watched(schedule, {{6.375, {}}, {6.25, {}}}, watch), .25) << "two stalls in a row";
    EXPECT_EQ(watched(schedule, {{7, 0.0}, {7, 0.0}}, watch), .0625) << "the validation loss is not asked";
    EXPECT_FALSE(watch.over);
    EXPECT_EQ(watched(schedule, {{7, {}}, {7, {}}}, watch), .0625);
    EXPECT_TRUE(watch.over);
}

TEST(Schedule, WatchesWhileItsPartLasts) {
    const Schedule schedule("warmup:length=40 + plateau:factor=.5,patience=0,length=2,unit=epoch + constant");
    LossWatch watch;
    EXPECT_EQ(watched(schedule, {{1, {}}, {2, {}}}, watch), 0) << "the warm-up";
    EXPECT_EQ(schedule.at({39, 20, 200, 8, watch.rate}, 1.0).lr, 1.0);
    EXPECT_EQ(watched(schedule, {{1, {}}, {1, {}}, {1, {}}, {1, {}}, {1, {}}, {1, {}}}, watch), .5)
        << "epoch 3 is the best, epoch 4 stalls";
    EXPECT_EQ(schedule.at({79, 20, 200, 8, watch.rate}, 1.0).lr, .5);
    EXPECT_EQ(schedule.at({80, 20, 200, 8, watch.rate}, 1.0).lr, 1.0);
    EXPECT_EQ(Schedule("step:every=10,gamma=.5 * plateau").at({10, 20, 200, 8, .25}, 1.0).lr, .125);
}

TEST(Schedule, OneCycleEndsAtItsLastRateAtTheLastStepOfTheRun) {
    for (const char* text :
         {"one_cycle", "one_cycle:three_phase=yes", "one_cycle:anneal=linear", "one_cycle:unit=epoch", "one_cycle:unit=fraction"}) {
        EXPECT_NEAR(rate(text, 0), 1.0 / 25, testing::gamma_bound<double>(8)) << text;
        EXPECT_NEAR(rate(text, 199), 1.0 / 25e4, testing::gamma_bound<double>(400)) << text;  // the phase ends a step before its unit does
        EXPECT_NEAR(*Schedule(text).at(clock_at(199), 1.0).momentum, 0.95, testing::gamma_bound<double>(400)) << text;
    }
    EXPECT_FALSE(Schedule("one_cycle:cycle_momentum=no").moves_momentum());
    EXPECT_FALSE(Schedule("cosine").moves_momentum());
}

TEST(Schedule, OneCycleOfASingleStepIsFinite) {
    const Schedule schedule("one_cycle");
    EXPECT_TRUE(std::isfinite(schedule.at({0, 1, 1, 1}, 0.1).lr));
    EXPECT_TRUE(std::isfinite(*schedule.at({0, 1, 1, 1}, 0.1).momentum));
}

TEST(ScheduleText, TakesBlanksCaseUnderscoresAndExponents) {
    EXPECT_EQ(rate(" One-Cycle : Pct_Start = 0.3 ", 17), rate("one_cycle", 17));
    EXPECT_EQ(rate("exponential:gamma=1e-1", 1), 0.1);
    EXPECT_EQ(rate("inverse_time:decay=1e+0,length=2+constant", 1), 0.5);
    EXPECT_EQ(rate("inverse_time:decay=1e+0,length=2+constant", 2), 1.0);
}

TEST(ScheduleText, MistakesNameThePartTheKeyAndWhatWouldBeRight) {
    EXPECT_EQ(message_of("cosin"),
              "unknown schedule 'cosin'; did you mean 'cosine'? There are: constant, constantlr, step, multistep, exponential, "
              "polynomial, linear, warmup, cosine, cosine_warm_restarts, one_cycle, cyclic, wsd, table, inverse_time, inverse_sqrt, "
              "invscaling, optimal, plateau, adaptive");
    EXPECT_EQ(message_of("step"), "schedule 'step', key 'every': is needed: step:every=...");
    EXPECT_EQ(message_of("step:evry=3"),
              "schedule 'step': unknown key 'evry'; did you mean 'every'? There are: every, gamma, length, unit");
    EXPECT_EQ(message_of("step:every=0"), "schedule 'step', key 'every': must be above 0");
    EXPECT_EQ(message_of("step:every=1,every=2"), "schedule 'step', key 'every': is given twice");
    EXPECT_EQ(message_of("plateau:cooldown=1e19"), "schedule 'plateau', key 'cooldown': must be at least 0 and at most 1e+15");
    EXPECT_EQ(message_of("step:every=ten"), "schedule 'step', key 'every': 'ten' is not a number");
    EXPECT_EQ(message_of("step:every=inf"), "schedule 'step', key 'every': 'inf' is not a number");
    EXPECT_EQ(message_of("step:every"), "schedule 'step': 'every' must be key=value");
    EXPECT_EQ(message_of("step:every=1,unit=epochs"), "schedule 'step', key 'unit': 'epochs' must be one of step, epoch, sample, fraction");
    EXPECT_EQ(message_of("multistep:milestones=5/3"), "schedule 'multistep', key 'milestones': the numbers must rise");
    EXPECT_EQ(message_of("table:points=5"), "schedule 'table', key 'points': '5' must be a pair such as 50:0.01");
    EXPECT_EQ(message_of("table:points=5:1/5:2"), "schedule 'table', key 'points': the numbers must rise");
    EXPECT_EQ(message_of("table:points=5:-1"), "schedule 'table', key 'points': must be at least 0");
    EXPECT_EQ(message_of("plateau:length=5 + adaptive"), "schedule 'adaptive': one part may watch the loss, and plateau does already");
    EXPECT_EQ(message_of("plateau:factor=1").substr(0, 54), "schedule 'plateau', key 'factor': must be above 0 and ");
    EXPECT_EQ(message_of("one_cycle:pct_start=2"), "schedule 'one_cycle', key 'pct_start': must be above 0 and at most 1");
    EXPECT_EQ(message_of("cosine_warm_restarts:t0=5,t_mult=1.5"), "schedule 'cosine_warm_restarts', key 't_mult': must be a whole number");
    EXPECT_EQ(message_of("warmup"), "schedule 'warmup', key 'length': is needed: warmup:length=...");
    EXPECT_EQ(message_of("step:every=2 + cosine"),
              "schedule 'step', key 'length': is needed, because another schedule follows: step:length=... + ...");
    EXPECT_EQ(message_of("warmup:length=5 +").substr(0, 40), "schedule: a part has no name; there are:");
    EXPECT_EQ(message_of("").substr(0, 40), "schedule: a part has no name; there are:");
}

}  // namespace
}  // namespace glissade
