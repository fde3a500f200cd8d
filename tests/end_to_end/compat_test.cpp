// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// --compat torch: the conventions of PyTorch.
namespace glissade::test {
namespace {

using Words = Workplace::Words;

/// Full-batch descent in float64 with nothing standardised: arithmetic that a test can do by hand.
Words descent(const Words& more) {
    Words words = {"train",
                   "data.csv",
                   "--target",
                   "y",
                   "--task",
                   "regression",
                   "--standardize",
                   "off",
                   "--quiet",
                   "--json",
                   "--optimizer",
                   "sgd",
                   "--schedule",
                   "constant",
                   "--batch-size",
                   "full",
                   "--standardize-target",
                   "off",
                   "--precision",
                   "float64",
                   "--device",
                   "cpu"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// Weights by name.
std::map<std::string, double> weights(const Workplace& place) {
    std::map<std::string, double> found;
    for (const std::string& line : split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out)) {
        const auto comma = line.find(',');
        if (!line.starts_with("name,")) found[line.substr(0, comma)] = std::stod(line.substr(comma + 1));
    }
    return found;
}

TEST(CompatTorch, DropsTheHalfOfTheSquaredLoss) {
    Workplace place;
    write_line(place, "data.csv", 100);
    const Ended ours = place.run(descent({"--lr", "2e-7", "--epochs", "3"}));
    ASSERT_EQ(ours.code, 0) << ours.err;
    const auto wanted = weights(place);
    const Ended theirs = place.run(descent({"--lr", "1e-7", "--epochs", "3", "--compat", "torch"}));
    ASSERT_EQ(theirs.code, 0) << theirs.err;
    EXPECT_EQ(weights(place), wanted) << "twice the gradient at half the rate: the same steps, bit for bit";
    EXPECT_EQ(theirs.json()["loss"], 2 * ours.json()["loss"].get<double>());
    EXPECT_EQ(theirs.json()["settings"]["compat"], "torch");
    EXPECT_EQ(theirs.json()["settings"]["error_scale"], 1);
    const auto scored = place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json();
    const double rmse = scored["rmse"];
    EXPECT_NEAR(scored["loss"].get<double>(), rmse * rmse, 100 * rmse * rmse * 0x1p-52) << "the model file knows of it";
}

/// torch.nn.Linear, MSELoss and SGD(lr=.25, weight_decay=.5) on a feature of zeros and targets of 1: b = .5, then
/// .5 - .25 * (2 * (.5 - 1) + .5 * .5) = .6875.
TEST(CompatTorch, DecaysTheBiasToo) {
    Workplace place;
    place.write("data.csv", "x,y\n0,1\n0,1\n0,1\n0,1\n");
    const Words two_steps = {"--lr", "0.25", "--weight-decay", "0.5", "--epochs", "2"};
    auto words = descent(two_steps);
    words.insert(words.end(), {"--compat", "torch"});
    ASSERT_EQ(place.run(words).code, 0);
    EXPECT_EQ(weights(place)["intercept"], .6875);
    ASSERT_EQ(place.run(descent({"--lr", "0.5", "--weight-decay", "0.5", "--epochs", "2"})).code, 0);
    EXPECT_EQ(weights(place)["intercept"], .75) << "without it, the bias is spared";
}

TEST(CompatTorch, LeavesOtherLossesAsTheyAre) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Words words = {"train", "points.csv", "--target", "y", "--epochs", "2", "--quiet", "--json"};
    auto compat = words;
    compat.insert(compat.end(), {"--compat", "torch"});
    EXPECT_EQ(place.run(words).json()["loss"], place.run(compat).json()["loss"]) << "logistic, without any decay";
}

TEST(CompatTorch, IsKeptByAResumedRun) {
    Workplace place;
    write_line(place, "data.csv", 100);
    ASSERT_EQ(place.run(descent({"--lr", "1e-7", "--epochs", "6", "--compat", "torch"})).code, 0);
    const auto wanted = weights(place);
    ASSERT_EQ(place.run(descent({"--lr", "1e-7", "--epochs", "3", "--compat", "torch", "--run-dir", "run"})).code, 0);
    const Ended resumed = place.run({"train", "--resume", "run", "--epochs", "6", "--quiet"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(weights(place), wanted);
}

TEST(Nondeterministic, IsTakenAndSaidToChangeNothing) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--epochs", "1", "--nondeterministic"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.err.find("--nondeterministic changes nothing"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace glissade::test
