// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/end_to_end/small_tables.hpp"

/// Which columns are the targets where they are several: names, indices, files without names, sparse rows, files of settings, resume.
namespace glissade::test::several_targets_test {
namespace {

using Words = Workplace::Words;

/// Four labels, of which a row has 0 or 1 each, by two numbers in [-1, 1).
struct LabelledRow {
    double a, b;
    std::string labels;  ///< "1,0,0,1"
};

std::vector<LabelledRow> labelled_rows(int count) {
    Numbers numbers;
    std::vector<LabelledRow> rows;
    for (int r = 0; r < count; ++r) {
        const double a = 2 * numbers.next() - 1, b = 2 * numbers.next() - 1;
        const auto mark = [](bool has) { return std::string(has ? "1" : "0"); };
        rows.push_back({a, b, mark(a > 0) + "," + mark(b > a) + "," + mark(a + b > .2) + "," + mark(b < .5)});
    }
    return rows;
}

/// Columns a, warm, "wet,cold", b, dark, big; `header` empty: the same rows without names.
void write_sheet(const Workplace& place, const std::string& name, const std::string& header, int rows = 300) {
    std::string text = header;
    for (const LabelledRow& row : labelled_rows(rows)) {
        text += std::to_string(row.a) + "," + row.labels.substr(0, 4);
        text += std::to_string(row.b) + "," + row.labels.substr(4) + "\n";
    }
    place.write(name, text);
}

const std::string header = "a,warm,\"wet,cold\",b,dark,big\n";

void trained(const Workplace& place, Words words, const std::string& model = "model.safetensors") {
    words.insert(words.begin(), "train");
    words.insert(words.end(), {"--lr", "0.05", "--quiet", "--output", model});
    const Ended ended = place.run(words);
    ASSERT_EQ(ended.code, 0) << ended.err;
}

/// Names of the labels of a row, or of one target's classes.
std::vector<std::string> labels_of(const Workplace& place, const std::string& model) {
    const auto about = place.run({"inspect", model, "--json"}).json();
    return about[about.contains("labels") ? "labels" : "classes"];
}

void refused(const Workplace& place, const Words& words, int code, const std::string& text) {
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, code) << ended.err;
    EXPECT_NE(ended.err.find(text), std::string::npos) << ended.err;
}

TEST(SeveralTargets, AreNamedByNameByIndexOrFromTheEnd) {
    const Workplace place;
    write_sheet(place, "sheet.csv", header);
    trained(place, {"sheet.csv", "--target", "warm,2,dark,big"}, "named");
    const std::string wanted = place.read("named");
    EXPECT_EQ(labels_of(place, "named"), (std::vector<std::string>{"warm", "wet,cold", "dark", "big"}));
    for (const char* target : {"1,2,4,5", "-5,-4,-2,-1", "warm,-4,4,big"}) {
        trained(place, {"sheet.csv", "--target", target}, "other");
        EXPECT_TRUE(place.read("other") == wanted) << target;
    }
    EXPECT_EQ(split_lines(place.run({"predict", "named", "sheet.csv", "--quiet"}).out)[0], "warm,\"wet,cold\",dark,big");
    const auto scores = place.run({"evaluate", "named", "sheet.csv", "--json"}).json();
    EXPECT_EQ(place.run({"evaluate", "named", "sheet.csv", "--target", "-1,-2,-4,-5", "--json"}).json(), scores) << "in any order";
    refused(place, {"train", "sheet.csv", "--target", "warm,-5"}, 2, "names a column twice");
    refused(place, {"train", "sheet.csv", "--target", "warm,-7"}, 2, "no column \"-7\"");
    refused(place, {"train", "sheet.csv", "--target", "warm,6"}, 2, "no column \"6\"");
    refused(place, {"train", "sheet.csv", "--target", "warm,,big"}, 2, "no column \"\"");
}

TEST(SeveralTargets, LeaveANameThatHoldsACommaToOneTarget) {
    const Workplace place;
    write_sheet(place, "sheet.csv", header);
    trained(place, {"sheet.csv", "--target", "wet,cold", "--drop-columns", "warm,dark,big"}, "whole");
    EXPECT_EQ(labels_of(place, "whole"), (std::vector<std::string>{"0", "1"})) << "one target of two classes";
    trained(place, {"sheet.csv", "--target", "2", "--drop-columns", "warm,dark,big"}, "by index");
    EXPECT_TRUE(place.read("by index") == place.read("whole"));
    refused(place, {"train", "sheet.csv", "--target", "warm,wet,cold"}, 2, "no column \"wet\"");
    refused(place, {"train", "sheet.csv", "--target", "warm", "--target", "wet,cold"}, 2,
            "--target wet,cold: beside others a name that holds a comma is given by its index");
}

TEST(SeveralTargets, MayBeAListInAFileOfSettings) {
    const Workplace place;
    write_sheet(place, "sheet.csv", header);
    trained(place, {"sheet.csv", "--target", "warm,2,big"}, "typed");
    for (const char* target : {"[\"warm\", 2, \"big\"]", "\"warm,2,big\"", "[1, -4,\n  -1]"}) {
        place.write("run.toml", std::string("data = \"sheet.csv\"\ntarget = ") + target + "\n");
        trained(place, {"--config", "run.toml", "--save-config", "saved.toml"}, "listed");
        EXPECT_TRUE(place.read("listed") == place.read("typed")) << target;
        trained(place, {"--config", "saved.toml"}, "again");
        EXPECT_TRUE(place.read("again") == place.read("typed")) << place.read("saved.toml");
    }
    trained(place, {"sheet.csv", "--target", "warm", "--target", "2", "--target", "big"}, "one by one");
    EXPECT_TRUE(place.read("one by one") == place.read("typed"));
    place.write("run.toml", "target = [\"warm\", \"wet,cold\"]\n");
    refused(place, {"train", "sheet.csv", "--config", "run.toml"}, 2, "--target wet,cold: beside others");
    place.write("run.toml", "target = \"wet,cold\"\ndrop-columns = [\"warm\", \"dark\", \"big\"]\n");
    trained(place, {"sheet.csv", "--config", "run.toml"}, "whole");
    EXPECT_EQ(labels_of(place, "whole"), (std::vector<std::string>{"0", "1"}));
}

TEST(SeveralTargets, OfAFileWithoutNamesAreCounted) {
    const Workplace place;
    write_sheet(place, "bare.csv", "");
    write_sheet(place, "sheet.csv", header);
    trained(place, {"bare.csv", "--target", "1,2,-2,-1"}, "bare");
    EXPECT_EQ(labels_of(place, "bare"), (std::vector<std::string>{"1", "2", "4", "5"}));
    EXPECT_EQ(split_lines(place.run({"predict", "bare", "bare.csv", "--quiet"}).out)[0], "1,2,4,5");
    const auto scores = place.run({"evaluate", "bare", "bare.csv", "--json"}).json();
    EXPECT_GE(scores["label_accuracy"], .9);
    EXPECT_EQ(place.run({"evaluate", "bare", "bare.csv", "--target", "1,2,4,5", "--json"}).json(), scores);
    EXPECT_EQ(place.run({"evaluate", "bare", "sheet.csv", "--header", "yes", "--json"}).json()["accuracy"], scores["accuracy"])
        << "names that training did not have say nothing";
    std::string features;
    for (const LabelledRow& row : labelled_rows(300)) features += std::to_string(row.a) + "," + std::to_string(row.b) + "\n";
    place.write("features.csv", features);
    EXPECT_EQ(place.run({"predict", "bare", "features.csv", "--quiet"}).out, place.run({"predict", "bare", "bare.csv", "--quiet"}).out);
    refused(place, {"evaluate", "bare", "features.csv"}, 2, "features.csv: which column is the target?");
    place.write("odd.csv", "1,2,3\n4,5,6\n");
    refused(place, {"predict", "bare", "odd.csv"}, 3, "odd.csv has 3 columns; the model was trained on a file of 6 columns, 2 of them");
}

/// Rows of libsvm carry one number, which says nothing where the targets lie in a file of their own.
TEST(SeveralTargets, OfSparseRowsLieInAFileOfTheirOwn) {
    const Workplace place;
    std::string rows, labels = "warm,wet,dark,big\n", fewer = "warm,wet\n";
    for (const LabelledRow& row : labelled_rows(300)) {
        rows += "7 1:" + std::to_string(row.a) + " 3:" + std::to_string(row.b) + "\n";
        labels += row.labels + "\n";
        fewer += row.labels.substr(0, 3) + "\n";
    }
    place.write("rows.libsvm", rows);
    place.write("labels.csv", labels);
    place.write("fewer.csv", fewer);
    for (const char* sparse : {"on", "off"}) {
        trained(place, {"rows.libsvm", "--target-file", "labels.csv", "--sparse", sparse});
        EXPECT_EQ(labels_of(place, "model.safetensors"), (std::vector<std::string>{"warm", "wet", "dark", "big"}));
        const Words evaluate = {"evaluate", "model.safetensors", "rows.libsvm", "--json", "--target-file"};
        const auto scored = [&](const std::string& file) {
            Words words = evaluate;
            words.push_back(file);
            return place.run(words);
        };
        const auto scores = scored("labels.csv").json();
        EXPECT_GE(scores["label_accuracy"], .9) << sparse;
        const auto predicted = split_lines(place.run({"predict", "model.safetensors", "rows.libsvm", "--quiet"}).out);
        const auto truth = place.lines("labels.csv");
        ASSERT_EQ(predicted.size(), truth.size());
        double right = 0;
        for (std::size_t r = 1; r < truth.size(); ++r) right += predicted[r] == truth[r] ? 1 : 0;
        EXPECT_EQ(scores["accuracy"], right / static_cast<double>(truth.size() - 1)) << sparse;
        EXPECT_EQ(scored("fewer.csv").code, 3);
        EXPECT_NE(scored("fewer.csv").err.find("fewer.csv has 2 targets a row, the model knows 4 labels"), std::string::npos);
        refused(place, {"evaluate", "model.safetensors", "rows.libsvm"}, 3, "rows.libsvm has 1 targets a row, the model knows 4 labels");
    }
    refused(place, {"train", "rows.libsvm", "--target", "0,1"}, 2, "carries its own targets: leave --target out, or give --target-file");
    place.write("short.csv", "warm,wet\n1,0\n");
    refused(place, {"train", "rows.libsvm", "--target-file", "short.csv"}, 3, "short.csv has 1 rows, rows.libsvm has 300");
}

class SeveralTargetsResumed : public testing::TestWithParam<std::pair<const char*, Words>> {};

TEST_P(SeveralTargetsResumed, GoOnToTheBitsOfTheRunThatDidNotStop) {
    const Workplace place;
    write_sheet(place, "sheet.csv", header);
    Words words = {"train",
                   "sheet.csv",
                   "--target",
                   "warm,2,dark,big",
                   "--epochs",
                   "6",
                   "--batch-size",
                   "32",
                   "--quiet",
                   "--lr",
                   "0.05",
                   "--checkpoint-every",
                   "3steps",
                   "--validation-fraction",
                   "0.2",
                   "--seed",
                   "5",
                   "--output",
                   "whole"};
    const Words& more = GetParam().second;
    words.insert(words.end(), more.begin(), more.end());
    Words undisturbed = words, stopped = words;
    undisturbed.insert(undisturbed.end(), {"--run-dir", "undisturbed"});
    ASSERT_EQ(place.run(undisturbed).code, 0);
    const std::string wanted = place.read("whole");
    ASSERT_FALSE(wanted.empty());
    stopped.insert(stopped.end(), {"--run-dir", "run"});
    stopped.insert(stopped.end(), {"--max-steps", "20"});
    ASSERT_EQ(place.run(stopped).code, 0);
    EXPECT_TRUE(place.read("whole") != wanted) << "20 steps of 48";
    const Ended resumed = place.run({"train", "--resume", "run", "--max-steps", "0", "--json", "--quiet"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(resumed.json()["epochs"], 6);
    EXPECT_TRUE(place.read("whole") == wanted) << "the same bytes";
}

INSTANTIATE_TEST_SUITE_P(Of, SeveralTargetsResumed,
                         testing::Values(std::pair("Linear", Words{"--schedule", "step:every=7,gamma=0.5"}),
                                         std::pair("Hinge", Words{"--schedule", "constant", "--loss", "hinge", "--optimizer", "ftrl"}),
                                         std::pair("Network", Words{"--schedule", "constant", "--hidden", "5", "--dropout", "0.2"}),
                                         std::pair("Members", Words{"--schedule", "constant", "--l2", "0,0.1"}),
                                         std::pair("Regression", Words{"--schedule", "constant", "--task", "regression"})),
                         [](const auto& use) { return std::string(use.param.first); });

}  // namespace
}  // namespace glissade::test::several_targets_test
