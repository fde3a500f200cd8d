// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Rules of a whole run on the command line: means of the parameters, rules for full batches, schedules that watch the loss.
namespace glissade::test::rules_test {
namespace {

using Words = Workplace::Words;

Ended train(const Workplace& place, const Words& more) {
    Words words = {"train", "points.csv", "--target", "y", "--epochs", "4", "--batch-size", "20", "--quiet", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return place.run(words);
}

/// The coefficients that a run ends with, as they are printed.
std::string coefficients(const Workplace& place, const Words& more) {
    const Ended ended = train(place, more);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return place.run({"inspect", "model.safetensors", "--coefficients"}).out;
}

TEST(Average, AloneIsTheMeanOverAllSteps) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const std::string alone = coefficients(place, {"--average"});
    EXPECT_EQ(coefficients(place, {"--average", "mean"}), alone);
    EXPECT_NE(coefficients(place, {}), alone);
    place.write("run.conf", "average = true\n");
    EXPECT_EQ(coefficients(place, {"--config", "run.conf"}), alone);
    const Words file_last = {"train", "--epochs", "4", "--batch-size", "20", "--quiet", "--target", "y", "--average", "points.csv"};
    const Ended ended = place.run(file_last);
    EXPECT_EQ(ended.code, 0) << "the file is not taken for a kind of average: " << ended.err;
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).out, alone);
}

TEST(Average, OfTheTailAndTheExponentialOneSayWhereTheyBegin) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const std::string tail = coefficients(place, {"--average", "tail"});
    EXPECT_NE(coefficients(place, {"--average"}), tail);
    for (const char* start : {"0.5", "2", "2epochs", "20steps", "400rows"})
        EXPECT_EQ(coefficients(place, {"--average=mean", "--average-start", start}), tail) << start;
    const auto settings = train(place, {"--average", "ema", "--average-decay", "0.75", "--average-start", "3"}).json()["settings"];
    EXPECT_EQ(settings["average"], "ema");
    EXPECT_EQ(settings["average_decay"], 0.75);
    EXPECT_EQ(settings["average_start"], 3);
    EXPECT_EQ(settings["average_start_unit"], "epochs");
    const Ended plan = place.run({"plan", "points.csv", "--target", "y", "--average", "ema", "--average-start", "5"});
    EXPECT_NE(plan.out.find("from the end of epoch 5 on, exponential with decay 0.999"), std::string::npos) << plan.out;
}

TEST(Average, WhatMeansNothingIsWrongUse) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const std::pair<Words, const char*> wrong[] = {
        {{"--average-start", "0.5"}, "--average-start speaks of averaging: add --average"},
        {{"--average-decay", "0.5"}, "--average-decay speaks of averaging: add --average"},
        {{"--average", "tail", "--average-decay", "0.5"}, "--average-decay is a setting of the exponential mean"},
        {{"--average", "ema", "--average-decay", "1"}, "--average-decay wants a number above 0 and below 1"},
        {{"--average", "--average-start", "5days"}, "unknown word for --average-start 'days'"},
        {{"--average=exponential"}, "unknown word for --average 'exponential'"},
        {{"--average", "--average-start", "41steps"}, "averaging would begin with step 41, but the run has 40"},
    };
    for (const auto& [words, message] : wrong) {
        const Ended ended = train(place, words);
        EXPECT_EQ(ended.code, 2) << message;
        EXPECT_NE(ended.err.find(message), std::string::npos) << ended.err;
    }
}

TEST(Average, IsKeptByAResumedRun) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Words ema = {"--average", "ema", "--average-decay", "0.9", "--average-start", "15steps", "--schedule", "constant"};
    const std::string whole = coefficients(place, ema);
    Words cut = ema;
    cut.insert(cut.end(), {"--run-dir", "run", "--max-steps", "17"});
    EXPECT_NE(coefficients(place, cut), whole);
    const Ended resumed = place.run({"train", "--resume", "run", "--max-steps", "40", "--quiet"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).out, whole);
}

TEST(FullBatchRules, BringTheirBatchSizeAndSchedule) {
    Workplace place;
    write_points(place, "points.csv", 200);
    for (const char* rule : {"rprop", "lbfgs"}) {
        const Words words = {"train", "points.csv", "--target", "y", "--optimizer", rule, "--l2", "0.01", "--quiet", "--json"};
        const Ended ended = place.run(words);
        ASSERT_EQ(ended.code, 0) << ended.err;
        EXPECT_EQ(ended.json()["settings"]["batch_size"], "full") << rule;
        EXPECT_EQ(ended.json()["settings"]["schedule"], "constant") << rule;
        for (const Words& wrong : {Words{"--batch-size", "20"}, Words{"--schedule", "cosine"}, Words{"--l1", "0.1"}}) {
            Words all = words;
            all.insert(all.end(), wrong.begin(), wrong.end());
            const Ended refused = place.run(all);
            EXPECT_EQ(refused.code, 2) << rule << " " << wrong[0];
            EXPECT_NE(refused.err.find(rule), std::string::npos) << refused.err;
        }
    }
}

TEST(FullBatchRules, LbfgsEndsWhereThereIsNothingMoreToGain) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--optimizer", "lbfgs", "--l2", "0.01"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE((ended.out + ended.err).find("nothing more to gain"), std::string::npos) << ended.out << ended.err;
}

TEST(WatchedSchedules, AreKeptByAResumedRun) {
    Workplace place;
    write_points(place, "points.csv", 200);
    for (const char* schedule :
         {"warmup:length=1,unit=epoch + plateau:patience=0,factor=0.5,threshold=0.05", "adaptive:patience=1,tol=0.05"}) {
        const Words words = {"--schedule", schedule, "--lr", "0.5"};
        const std::string whole = coefficients(place, words);
        Words cut = words;
        cut.insert(cut.end(), {"--run-dir", "run", "--overwrite", "--max-steps", "25"});
        EXPECT_NE(coefficients(place, cut), whole);
        const Ended resumed = place.run({"train", "--resume", "run", "--max-steps", "40", "--quiet"});
        ASSERT_EQ(resumed.code, 0) << resumed.err;
        EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).out, whole) << schedule;
    }
}

}  // namespace
}  // namespace glissade::test::rules_test
