// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "tests/end_to_end/small_tables.hpp"

/// A loss of two classes on data with more of them, from file to predictions.
namespace glissade::test::one_vs_rest_test {
namespace {

using Words = Workplace::Words;

/// Columns a, b and y, a direction by which of them is larger and how; as a table or in the form of libsvm.
std::string directions(int rows, bool libsvm) {
    Numbers numbers;
    std::string text = libsvm ? "" : "a,b,y\n";
    for (int r = 0; r < rows; ++r) {
        const double a = 2 * numbers.next() - 1, b = 2 * numbers.next() - 1;
        const int direction = a > std::abs(b) ? 0 : b > std::abs(a) ? 1 : -a > std::abs(b) ? 2 : 3;
        const char* names[] = {"east", "north", "west", "south"};
        const std::string first = std::to_string(a), second = std::to_string(b);
        if (libsvm)
            text += std::to_string(direction + 1) + " 1:" + first + " 2:" + second + "\n";
        else
            text += first + "," + second + "," + names[direction] + "\n";
    }
    return text;
}

Ended trained(const Workplace& place, const Words& more) {
    Words words = {"train", "data.csv", "--target", "y"};
    words.insert(words.end(), more.begin(), more.end());
    Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended;
}

TEST(OneVsRest, IsAnnounced) {
    Workplace place;
    place.write("data.csv", directions(400, false));
    const Ended ended = trained(place, {"--loss", "hinge", "--lr", "0.1"});
    EXPECT_NE(ended.err.find("hinge, one-vs-rest: 4 scores, each class against all others"), std::string::npos) << ended.err;
    const Ended json = trained(place, {"--loss", "hinge", "--json", "--quiet"});
    EXPECT_EQ(json.json()["settings"]["one_vs_rest"], true);
    EXPECT_NE(json.json()["description"]["loss"].get<std::string>().find("one-vs-rest"), std::string::npos);
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--json"}).json()["one_vs_rest"], true);
    const Ended plan = place.run({"plan", "data.csv", "--target", "y", "--loss", "hinge"});
    EXPECT_NE(plan.out.find("hinge one-vs-rest, 2 features x 4 outputs, 12 parameters"), std::string::npos) << plan.out;
    EXPECT_EQ(trained(place, {"--json", "--quiet"}).json()["settings"]["one_vs_rest"], false) << "softmax is the default";
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--json"}).json()["loss"], "softmax");
}

TEST(OneVsRest, PredictsLabelsAndScoresEveryClass) {
    Workplace place;
    place.write("data.csv", directions(400, false));
    trained(place, {"--loss", "hinge", "--lr", "0.1", "--quiet"});
    const auto lines = split_lines(place.run({"predict", "model.safetensors", "data.csv", "--scores", "--quiet"}).out);
    EXPECT_EQ(lines[0], "prediction,score_east,score_north,score_south,score_west");
    const Ended refused = place.run({"predict", "model.safetensors", "data.csv", "--proba"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("probabilities need one of the losses"), std::string::npos) << refused.err;
    const auto scores = place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json();
    EXPECT_GE(scores["accuracy"], .9) << "a line between each direction and the others, the largest score wins";
    EXPECT_FALSE(scores.contains("auc"));
    EXPECT_FALSE(scores.contains("log_loss"));
    trained(place, {"--loss", "logistic", "--lr", "0.1", "--quiet", "--run-dir", "run"});
    EXPECT_EQ(split_lines(place.run({"predict", "model.safetensors", "data.csv", "--proba", "--quiet"}).out)[0],
              "prediction,east,north,south,west");
    EXPECT_TRUE(place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json().contains("log_loss"));
    const std::string report = place.read("run/report.html");
    EXPECT_NE(report.find("one-vs-rest: 4 scores"), std::string::npos);
    EXPECT_NE(report.find("of the predicted class"), std::string::npos) << "how probabilities compare with what came true";
}

TEST(OneVsRest, TrainsOnSparseRowsWithFoldsAndMembersAndGoesOnAfterAnInterruption) {
    Workplace place;
    place.write("data.libsvm", directions(300, true));
    const Words train = {"train", "data.libsvm", "--sparse", "on",         "--loss",   "squared_hinge", "--lr",    "0.01,0.1", "--seed",
                         "3",     "--folds",     "3",        "--schedule", "constant", "--json",        "--quiet", "--epochs", "6"};
    const auto with = [&](const Words& more) {
        Words words = train;
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    const Ended whole = place.run(train);
    ASSERT_EQ(whole.code, 0) << whole.err;
    const auto wanted = place.run({"inspect", "model.safetensors", "--coefficients"}).out;
    EXPECT_NE(wanted.find("weight_1,weight_2,weight_3,weight_4"), std::string::npos) << wanted;
    ASSERT_EQ(place.run(with({"--max-steps", "4", "--run-dir", "run"})).code, 0);
    const Ended resumed = place.run({"train", "--resume", "run", "--max-steps", "0", "--quiet"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).out, wanted);
}

TEST(OneVsRest, IsWhatSgdClassifierDoesByDefault) {
    Workplace place;
    place.write("data.csv", directions(200, false));
    const Ended ended = trained(place, {"--compat", "sklearn", "--epochs", "5"});
    EXPECT_NE(ended.err.find("hinge, one-vs-rest"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace glissade::test::one_vs_rest_test
