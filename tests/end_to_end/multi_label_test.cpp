// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/small_tables.hpp"

/// Rows of several labels, from file to predictions.
namespace glissade::test::multi_label_test {
namespace {

using Words = Workplace::Words;

/// Columns a, b and three labels, each of which a row has or not; as one file, or features and labels apart.
void write_labels(Workplace& place, int rows) {
    Numbers numbers;
    std::string whole = "a,warm,b,wet,dark\n", features = "a,b\n", labels = "warm,wet,dark\n";
    for (int r = 0; r < rows; ++r) {
        const double a = 2 * numbers.next() - 1, b = 2 * numbers.next() - 1;
        const std::string x = std::to_string(a), y = std::to_string(b), warm = a > 0 ? "1" : "0", wet = b > a ? "1" : "0",
                          dark = a + b > .2 ? "1" : "0";
        whole.append(x).append(",").append(warm).append(",").append(y).append(",").append(wet).append(",").append(dark).append("\n");
        features.append(x).append(",").append(y).append("\n");
        labels.append(warm).append(",").append(wet).append(",").append(dark).append("\n");
    }
    place.write("data.csv", whole);
    place.write("features.csv", features);
    place.write("labels.csv", labels);
}

Ended trained(const Workplace& place, const Words& more) {
    Words words = {"train", "data.csv", "--target", "warm,wet,dark", "--lr", "0.05"};
    words.insert(words.end(), more.begin(), more.end());
    Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended;
}

TEST(MultiLabel, IsLearntFromColumnsOfTheFileOrFromAFileOfItsOwn) {
    Workplace place;
    write_labels(place, 400);
    const Ended ended = trained(place, {"--validation-fraction", "0.2"});
    EXPECT_NE(ended.err.find("classification, 3 labels, several a row: warm wet dark"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("label_accuracy"), std::string::npos) << ended.err;
    trained(place, {"--quiet"});
    const auto about = place.run({"inspect", "model.safetensors", "--json"}).json();
    EXPECT_EQ(about["multi_label"], true);
    EXPECT_EQ(about["labels"], (std::vector<std::string>{"warm", "wet", "dark"}));
    const std::string predicted = place.run({"predict", "model.safetensors", "data.csv", "--quiet"}).out;
    const auto lines = split_lines(predicted);
    EXPECT_EQ(lines[0], "warm,wet,dark");
    EXPECT_EQ(split_lines(place.run({"predict", "model.safetensors", "features.csv", "--quiet", "--proba"}).out)[0],
              "warm,wet,dark,probability_warm,probability_wet,probability_dark");
    const auto scores = place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json();
    EXPECT_GE(scores["label_accuracy"], .95) << "a line for each label";
    EXPECT_LE(scores["accuracy"], scores["label_accuracy"]);
    double right = 0;
    const auto truth = place.lines("labels.csv");
    ASSERT_EQ(truth.size(), lines.size());
    for (std::size_t r = 1; r < truth.size(); ++r) right += truth[r] == lines[r] ? 1 : 0;
    EXPECT_EQ(scores["accuracy"], right / static_cast<double>(truth.size() - 1));

    const Ended apart = place.run({"train", "features.csv", "--target-file", "labels.csv", "--lr", "0.05", "--quiet"});
    ASSERT_EQ(apart.code, 0) << apart.err;
    EXPECT_EQ(place.run({"predict", "model.safetensors", "features.csv", "--quiet"}).out, predicted);
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "features.csv", "--target-file", "labels.csv", "--json"}).json()["accuracy"],
              scores["accuracy"]);
}

TEST(MultiLabel, GoesWithNetworksFoldsMembersReportsAndTheReference) {
    Workplace place;
    write_labels(place, 200);
    const auto json =
        trained(place, {"--hidden", "6", "--folds", "2", "--lr", "0.05,0.01", "--epochs", "2", "--json", "--quiet", "--run-dir", "run"})
            .json();
    EXPECT_EQ(json["settings"]["multi_label"], true);
    EXPECT_NE(place.read("run/report.html").find("label_accuracy"), std::string::npos);
    const Ended verified =
        place.run({"bench", "data.csv", "--target", "warm,wet,dark", "--verify", "--json", "--device", "cpu", "--epochs", "1"});
    ASSERT_EQ(verified.code, 0) << verified.err;
}

TEST(MultiLabel, SaysWhatIsWrong) {
    Workplace place;
    write_labels(place, 50);
    const auto refused = [&](const Words& words, int code, const std::string& text) {
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, code) << ended.err;
        EXPECT_NE(ended.err.find(text), std::string::npos) << ended.err;
    };
    refused({"train", "data.csv", "--target", "warm,wet", "--loss", "softmax"}, 2, "takes one class a row");
    refused({"train", "data.csv", "--target", "warm,wat"}, 2, "no column \"wat\"");
    refused({"train", "data.csv", "--target", "warm,warm"}, 2, "names a column twice");
    refused({"train", "data.csv", "--target", "warm,wet", "--class-weight", "balanced"}, 2, "class weights need one class a row");
    place.write("bad.csv", "a,p,q\n1,0,1\n2,3,0\n3,,1\n");
    refused({"train", "bad.csv", "--target", "p,q", "--loss", "logistic"}, 3, "bad.csv, line 3");
    place.write("words.csv", "a,p,q\n1,0,yes\n2,1,no\n");
    refused({"train", "words.csv", "--target", "p,q"}, 3, "several targets must all be numbers");
    refused({"train", "words.csv", "--target", "p,q", "--map-label", "yes=1"}, 2, "--map-label renames the classes of one target");
    place.write("gap.csv", "a,p,b,q\n1,0,2,1\n2,1,3,\n3,1,1,0\n4,0,1,1\n5,1,1,7\n");
    refused({"train", "gap.csv", "--target", "p,q", "--loss", "logistic"}, 3, "gap.csv, line 3, column 4 (\"q\")");
    refused({"train", "gap.csv", "--target", "p,q", "--missing", "drop", "--loss", "logistic"}, 3, "line 6, column 4 (\"q\")");
    place.write("gap.csv", "a,p,b,q\n1,0,2,1\n2,1,3,\n3,1,1,0\n4,0,1,1\n");
    const Ended dropped = place.run({"train", "gap.csv", "--target", "p,q", "--missing", "drop"});
    EXPECT_NE(dropped.err.find("2 labels, several a row"), std::string::npos) << dropped.err;
    trained(place, {"--quiet"});
    place.write("less.csv", "a,b,warm,wet\n.1,.2,1,0\n");
    refused({"evaluate", "model.safetensors", "less.csv"}, 3, "no column \"dark\"");
    EXPECT_EQ(place.run({"predict", "model.safetensors", "less.csv"}).code, 0) << "which needs no targets";
}

TEST(MultiLabel, MatchesTargetsByTheirNames) {
    Workplace place;
    write_labels(place, 200);
    trained(place, {"--quiet"});
    const auto scores = place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json();
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "data.csv", "--target", "dark,warm,wet", "--json"}).json(), scores);
    std::string turned = "dark,warm,wet\n", strange = "dark,warm,damp\n";
    for (const std::string& line : place.lines("labels.csv")) {
        if (line[0] != '0' && line[0] != '1') continue;
        turned += std::string{line[4], ',', line[0], ',', line[2]} + "\n";
        strange += line + "\n";
    }
    place.write("turned.csv", turned);
    place.write("strange.csv", strange);
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "features.csv", "--target-file", "turned.csv", "--json"}).json()["accuracy"],
              scores["accuracy"]);
    const Ended other = place.run({"evaluate", "model.safetensors", "features.csv", "--target-file", "strange.csv"});
    EXPECT_EQ(other.code, 3);
    EXPECT_NE(other.err.find("which is which cannot be told"), std::string::npos) << other.err;
}

/// Several targets that are not labels.
TEST(MultiLabel, LeavesNumbersARegression) {
    Workplace place;
    write_labels(place, 50);
    const Ended ended = place.run({"train", "data.csv", "--target", "warm,a", "--epochs", "2"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.err.find("regression, 2 targets"), std::string::npos) << ended.err;
    const Ended asked = place.run({"train", "data.csv", "--target", "warm,wet", "--task", "regression", "--epochs", "2"});
    EXPECT_NE(asked.err.find("regression, 2 targets"), std::string::npos) << asked.err;
    EXPECT_EQ(split_lines(place.run({"predict", "model.safetensors", "data.csv", "--quiet"}).out)[0], "prediction_0,prediction_1");
}

}  // namespace
}  // namespace glissade::test::multi_label_test
