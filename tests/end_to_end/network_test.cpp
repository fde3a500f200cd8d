// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "tests/end_to_end/small_tables.hpp"

/// Networks from the command line.
namespace glissade::test {
namespace {

const Workplace::Words train_network = {"train", "points.csv", "--target", "y", "--hidden", "12,5", "--epochs", "3"};

Workplace::Words with(Workplace::Words words, const Workplace::Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST(NetworkProgram, TrainsPredictsEvaluatesInspectsAndPlans) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended trained =
        place.run(with(train_network, {"--activation", "leaky_relu", "--negative-slope", "0.2", "--dropout", "0.25", "--json"}));
    ASSERT_EQ(trained.code, 0) << trained.err;
    const auto settings = trained.json()["settings"];
    EXPECT_EQ(settings["hidden"], nlohmann::json({12, 5}));
    EXPECT_EQ(settings["activation"], "leaky_relu");
    EXPECT_EQ(settings["negative_slope"], .2);
    EXPECT_EQ(settings["lr"], .001) << "networks want a lower rate";
    EXPECT_EQ(settings["init"], "he_normal");
    EXPECT_NE(trained.err.find("12, 5 leaky_relu units"), std::string::npos) << trained.err;

    const Ended inspected = place.run({"inspect", "model.safetensors", "--json"});
    EXPECT_EQ(inspected.json()["hidden"], nlohmann::json({12, 5}));
    EXPECT_EQ(inspected.json()["activation"], "leaky_relu");
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).code, 2);
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "points.csv", "--json"}).code, 0);
    EXPECT_EQ(place.run({"predict", "model.safetensors", "points.csv"}).code, 0);

    Workplace::Words plan = train_network;
    plan[0] = "plan";
    const Ended planned = place.run(plan);
    ASSERT_EQ(planned.code, 0) << planned.err;
    EXPECT_NE(planned.out.find("x 12 x 5 relu units x"), std::string::npos) << planned.out;
}

TEST(NetworkProgram, ResumesToTheSameModel) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Workplace::Words common = {"--dropout", "0.5", "--batch-size", "32", "--schedule", "constant"};
    ASSERT_EQ(place.run(with(with(train_network, common), {"--output", "whole.safetensors", "--run-dir", "whole"})).code, 0);
    ASSERT_EQ(place.run(with(with(train_network, common), {"--output", "part.safetensors", "--run-dir", "part", "--max-steps", "9"})).code,
              0);
    const Ended resumed = place.run({"train", "--resume", "part", "--max-steps", "0"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(place.run({"predict", "whole.safetensors", "points.csv", "--scores"}).out,
              place.run({"predict", "part.safetensors", "points.csv", "--scores"}).out);
}

TEST(NetworkProgram, SeedsAreMembersThatBeginDifferently) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run(with(train_network, {"--seed", "3,4", "--json"}));
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.json()["members"][0]["loss"], ended.json()["members"][1]["loss"]);
    EXPECT_EQ(ended.err.find("are the same"), std::string::npos) << ended.err;
}

TEST(NetworkProgram, WrongUseIsNamed) {
    Workplace place;
    write_points(place, "points.csv", 40);
    const Workplace::Words train = {"train", "points.csv", "--target", "y"};
    const std::vector<std::pair<Workplace::Words, std::string>> cases = {
        {{"--hidden", "0"}, "--hidden"},
        {{"--hidden", "8,"}, "--hidden"},
        {{"--hidden", "many"}, "--hidden"},
        {{"--hidden", "8", "--activation", "rellu"}, "did you mean 'relu'"},
        {{"--activation", "relu"}, "--activation is of hidden layers"},
        {{"--dropout", "0.5"}, "--dropout is of hidden layers"},
        {{"--hidden", "8", "--dropout", "1"}, "dropout = 1 must be"},
        {{"--hidden", "8", "--init", "zeros"}, "begin alike stay alike"},
        {{"--hidden", "8", "--init", "hi"}, "did you mean 'he'"},
        {{"--hidden", "8", "--negative-slope", "0.1"}, "is a setting of leaky_relu"},
        {{"--label-smoothing", "0.1", "--loss", "hinge"}, "label smoothing is for"},
    };
    for (const auto& [words, says] : cases) {
        const Ended ended = place.run(with(train, words));
        EXPECT_EQ(ended.code, 2) << says << ": " << ended.err;
        EXPECT_NE(ended.err.find(says), std::string::npos) << ended.err;
    }
}

TEST(NetworkProgram, BenchVerifiesAgainstTheReference) {
    Workplace place;
    const Ended ended = place.run({"bench", "--rows", "400", "--features", "6", "--hidden", "5,4", "--activation", "tanh", "--verify",
                                   "--threads", "1", "--epochs", "1", "--device", "cpu", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(ended.json()["verification"]["backends"][0]["inside"]) << ended.out;
}

}  // namespace
}  // namespace glissade::test
