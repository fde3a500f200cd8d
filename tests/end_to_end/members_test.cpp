// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/small_tables.hpp"

/// Several settings in one run, and cross-validation.
namespace glissade::test {
namespace {

TEST(Members, AreEachRateWithEachPenaltyAndEachSeed) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run(
        {"train", "points.csv", "--target", "y", "--epochs", "2", "--lr", "0.1,0.01", "--l2", "0,0.1,1", "--seed", "3,4", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto members = ended.json()["members"];
    ASSERT_EQ(members.size(), 12U);
    EXPECT_EQ(members[0]["lr"], .1);
    EXPECT_EQ(members[0]["l2"], 0);
    EXPECT_EQ(members[0]["seed"], 3);
    EXPECT_EQ(members[1]["seed"], 4);
    EXPECT_EQ(members[2]["l2"], .1);
    EXPECT_EQ(members[11]["lr"], .01);
    EXPECT_EQ(members[11]["l2"], 1);
    EXPECT_EQ(members[0]["loss"], members[1]["loss"]) << "linear models begin at 0, so a seed changes nothing";
    EXPECT_NE(ended.err.find("members that differ in --seed alone are the same"), std::string::npos) << ended.err;
    EXPECT_EQ(ended.json()["settings"]["seed"], nlohmann::json({3, 4}));
}

TEST(Members, EachAreWhatARunOfTheirOwnGives) {
    Workplace place;
    write_points(place, "points.csv", 300);
    const Workplace::Words common = {"train", "points.csv", "--target", "y", "--epochs", "3", "--seed", "5", "--json", "--quiet"};
    const auto run = [&](Workplace::Words more) {
        Workplace::Words words = common;
        words.insert(words.end(), more.begin(), more.end());
        return place.run(words).json();
    };
    const auto members = run({"--lr", "0.05,0.2", "--l2", "0.01,0.3"})["members"];
    EXPECT_EQ(members[1]["loss"], run({"--lr", "0.05", "--l2", "0.3"})["loss"]);
    EXPECT_EQ(members[2]["loss"], run({"--lr", "0.2", "--l2", "0.01"})["loss"]);
}

TEST(Members, AreLimitedAndTheMessageSaysToWhat) {
    Workplace place;
    write_points(place, "points.csv", 40);
    std::string many = "0";
    for (int i = 1; i < 600; ++i) many += "," + std::to_string(i);
    for (const Workplace::Words& more :
         {Workplace::Words{"--l2", many, "--lr", "0.1,0.2"}, Workplace::Words{"--l2", many, "--folds", "2"}}) {
        Workplace::Words words = {"train", "points.csv", "--target", "y"};
        words.insert(words.end(), more.begin(), more.end());
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, 2);
        EXPECT_NE(ended.err.find("1024 models at most"), std::string::npos) << ended.err;
    }
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "y", "--l2", "0.1,-1"}).code, 2);
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "y", "--seed", "1,x"}).code, 2);
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "y", "--optimizer", "adamw", "--l2", "0,0.1"}).code, 2);
}

TEST(CrossValidation, ShowsMeanAndSpreadOfEachSettingAndKeepsTheBest) {
    Workplace place;
    write_points(place, "points.csv", 300);
    const Workplace::Words words = {"train", "points.csv",  "--target", "y", "--epochs",  "5",
                                    "--lr",  "0.00001,0.1", "--folds",  "4", "--run-dir", "run"};
    const Ended ended = place.run(words);
    ASSERT_EQ(ended.code, 0) << ended.err;
    for (const char* part : {"held-out loss", "held-out accuracy", " +- ", "best, kept"})
        EXPECT_NE(ended.out.find(part), std::string::npos) << ended.out;
    EXPECT_NE(place.read("run/report.html").find("held-out accuracy"), std::string::npos);
    for (const std::string& line : place.lines("run/metrics.jsonl")) EXPECT_LT(nlohmann::json::parse(line)["member"], 2) << line;

    Workplace::Words as_json = words;
    as_json.insert(as_json.end(), {"--overwrite", "--json", "--quiet"});
    const auto json = place.run(as_json).json();
    EXPECT_EQ(json["best_member"], 1);
    ASSERT_EQ(json["members"].size(), 2U);
    const auto& best = json["members"][1];
    ASSERT_EQ(best["folds"].size(), 4U);
    double rows = 0, mean = 0;
    for (const auto& fold : best["folds"]) {
        rows += fold["rows"].get<double>();
        mean += fold["accuracy"].get<double>() / 4;
    }
    EXPECT_EQ(rows, 300);
    EXPECT_DOUBLE_EQ(best["held_out"]["accuracy"]["mean"].get<double>(), mean);
    EXPECT_GE(best["held_out"]["loss"]["deviation"].get<double>(), 0);
    EXPECT_LT(best["held_out"]["loss"]["mean"].get<double>(), json["members"][0]["held_out"]["loss"]["mean"].get<double>());
    EXPECT_EQ(json["settings"]["folds"], 4);
}

TEST(CrossValidation, StandsInThePlanBesideTheNumberOfMembers) {
    Workplace place;
    write_points(place, "points.csv", 90);
    const auto model = [&](Workplace::Words more) {
        Workplace::Words words = {"plan", "points.csv", "--target", "y", "--device", "cpu"};
        words.insert(words.end(), more.begin(), more.end());
        const std::string plan = place.run(words).out;
        const std::size_t begin = plan.find(" parameters", plan.find("\nmodel  "));
        return plan.substr(begin, plan.find('\n', begin) - begin);
    };
    EXPECT_EQ(model({}), " parameters");
    EXPECT_EQ(model({"--lr", "1e-2,1e-1"}), " parameters, 2 members");
    EXPECT_EQ(model({"--folds", "3"}), " parameters, 4 members, those of the folds included");
    EXPECT_EQ(model({"--lr", "1e-2,1e-1", "--folds", "3"}), " parameters, 8 members, those of the folds included");
}

TEST(CrossValidation, OfOneSettingTellsHowWellItDoes) {
    Workplace place;
    write_line(place, "line.csv", 200);
    const Workplace::Words words = {"train", "line.csv", "--target", "y", "--batch-size", "16", "--lr", "0.1", "--json", "--quiet"};
    Workplace::Words with_folds = words;
    with_folds.insert(with_folds.end(), {"--folds", "5"});
    const Ended ended = place.run(with_folds);
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.json()["members"][0]["folds"].size(), 5U);
    EXPECT_GT(ended.json()["members"][0]["held_out"]["r2"]["mean"].get<double>(), .9);
    const Ended alone = place.run(words);
    EXPECT_EQ(ended.json()["loss"], alone.json()["loss"]) << "the model kept is trained on all rows";
}

TEST(CrossValidation, RefusesWhatHoldsRowsOutTwiceOrMakesNoSense) {
    Workplace place;
    write_points(place, "points.csv", 30);
    for (const Workplace::Words& more :
         {Workplace::Words{"--folds", "1"}, {"--folds", "31"}, {"--folds", "3", "--validation-fraction", "0.2"}, {"--folds", "x"}}) {
        Workplace::Words words = {"train", "points.csv", "--target", "y"};
        words.insert(words.end(), more.begin(), more.end());
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, 2) << ended.err;
        EXPECT_NE(ended.err.find("folds"), std::string::npos) << ended.err;
    }
}

}  // namespace
}  // namespace glissade::test
