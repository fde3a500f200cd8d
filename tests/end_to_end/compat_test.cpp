// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// --compat: the conventions of PyTorch, Keras, scikit-learn and "Dive into Deep Learning". What the
/// latter three compute: tests/rules and tests/unit/train.
namespace glissade::test::compat_test {
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

/// What a run prints of its model.
std::string coefficients(const Workplace& place, const Words& words) {
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return place.run({"inspect", "model.safetensors", "--coefficients"}).out;
}

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST(CompatSklearn, HasTheDefaultsOfSgdClassifier) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Words train = {"train", "points.csv", "--target", "y", "--quiet"};
    const auto said = [&](const std::string& alpha) {
        return with(train, {"--optimizer", "sgd", "--batch-size", "1", "--l2", alpha, "--epochs", "1000", "--tol", "0.001", "--standardize",
                            "off", "--loss", "hinge", "--schedule", "optimal:alpha=" + alpha});
    };
    EXPECT_EQ(coefficients(place, with(train, {"--compat", "sklearn"})), coefficients(place, said("0.0001")));
    EXPECT_EQ(coefficients(place, with(train, {"--compat", "sklearn", "--schedule", "optimal", "--l2", "0.001"})),
              coefficients(place, said("0.001")))
        << "the alpha of the schedule is that of the penalty";
}

TEST(CompatSklearn, HasTheDefaultsOfSgdRegressor) {
    Workplace place;
    write_line(place, "line.csv", 200);
    const Words train = {"train", "line.csv", "--target", "y", "--task", "regression", "--quiet", "--lr", "1e-7", "--epochs", "2"};
    const Words common = {"--batch-size",         "1",  "--l2", "0.0001", "--optimizer", "sgd", "--standardize", "off",
                          "--standardize-target", "off"};
    EXPECT_EQ(coefficients(place, with(train, {"--compat", "sklearn"})),
              coefficients(place, with(train, with(common, {"--schedule", "invscaling:power=.25", "--tol", "0.001"}))));
    EXPECT_EQ(coefficients(place, with(train, {"--compat", "sklearn", "--loss", "huber", "--schedule", "adaptive"})),
              coefficients(place, with(train, with(common, {"--schedule", "adaptive", "--loss", "huber", "--delta", "0.1"}))));
}

TEST(CompatSklearn, SaysWhichFlagsItSetsAndLeavesThoseThatAreGiven) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--compat", "sklearn", "--lr", "0.5", "--epochs", "2"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.err.find("--compat sets --optimizer sgd --batch-size 1 --l2 0.0001 --tol 0.001"), std::string::npos) << ended.err;
    EXPECT_NE((ended.out + ended.err).find("lr 0.5"), std::string::npos) << ended.out << ended.err;
}

TEST(CompatKeras, HasItsFormsAndDefaults) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Words train = {"train", "points.csv", "--target", "y", "--quiet", "--epochs", "3"};
    const std::pair<Words, Words> rules[] = {
        {{"--optimizer", "sgd", "--momentum", "0.9"}, {"--lr", "0.01", "--rate-in-buffer"}},
        {{"--optimizer", "rmsprop"}, {"--lr", "0.001", "--alpha", "0.9", "--eps", "1e-7", "--eps-in-root"}},
        {{"--optimizer", "adagrad"}, {"--lr", "0.001", "--initial-accumulator-value", "0.1", "--eps", "1e-7", "--eps-in-root"}},
        {{"--optimizer", "adadelta"}, {"--lr", "0.001", "--rho", "0.95", "--eps", "1e-7"}},
        {{"--optimizer", "adam"}, {"--lr", "0.001", "--eps", "1e-7", "--eps-uncorrected"}},
        {{"--optimizer", "adamw"}, {"--lr", "0.001", "--eps", "1e-7", "--eps-uncorrected", "--weight-decay", "0.004"}}};
    for (const auto& [rule, flags] : rules) {
        const std::string preset = coefficients(place, with(train, with(rule, {"--compat", "keras"})));
        EXPECT_EQ(coefficients(place, with(train, with(rule, with(flags, {"--batch-size", "32"})))), preset) << rule[1];
        EXPECT_NE(coefficients(place, with(train, with(rule, {"--batch-size", "32"}))), preset) << rule[1];
    }
    write_line(place, "line.csv", 100);
    const Words line = {"train", "line.csv", "--target", "y", "--task", "regression", "--quiet", "--json", "--compat", "keras"};
    EXPECT_EQ(place.run(line).json()["settings"]["error_scale"], 1) << "the mean squared error without a half";
}

TEST(CompatD2l, PutsEpsWhereTheBookHasIt) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Words train = {"train", "points.csv", "--target", "y", "--quiet", "--epochs", "2"};
    const std::pair<const char*, Words> rules[] = {{"adagrad", {"--eps", "1e-6", "--eps-in-root"}},
                                                   {"rmsprop", {"--eps", "1e-6", "--eps-in-root", "--alpha", "0.9"}},
                                                   {"adadelta", {"--eps", "1e-5"}},
                                                   {"adam", {"--eps", "1e-6"}}};
    for (const auto& [name, flags] : rules) {
        const Words rule = with(train, {"--optimizer", name});
        const std::string preset = coefficients(place, with(rule, {"--compat", "d2l"}));
        EXPECT_EQ(coefficients(place, with(rule, flags)), preset) << name;
        EXPECT_NE(coefficients(place, rule), preset) << name;
    }
    EXPECT_EQ(coefficients(place, with(train, {"--compat", "d2l"})), coefficients(place, with(train, {"--eps", "1e-6"})))
        << "adam is the default";
}

TEST(Nondeterministic, IsTakenAndSaidToBeForSparseRowsOnAGpu) {
    Workplace place;
    write_points(place, "points.csv", 200);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--epochs", "1", "--nondeterministic"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.err.find("--nondeterministic is for the gradients of sparse rows on a GPU"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace glissade::test::compat_test
