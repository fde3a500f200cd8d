// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Files that the program writes: what is refused before the work begins, and what an earlier run's files survive.
namespace glissade::test {
namespace {

using Words = Workplace::Words;

std::map<std::string, std::string> contents(const Workplace& place, const std::string& directory) {
    std::map<std::string, std::string> files;
    for (const std::string& name : place.names(directory)) files[name] = place.read(directory + "/" + name);
    return files;
}

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

struct FalseStart {
    std::string name;
    Words words;
    int code;
};

class Overwrite : public testing::TestWithParam<FalseStart> {};

TEST_P(Overwrite, ByARunThatCannotBeginCostsNothing) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Words words = {"train", "points.csv", "--target", "y", "--epochs", "2", "--run-dir", "run", "--quiet"};
    ASSERT_EQ(place.run(words).code, 0);
    const auto before = contents(place, "run");
    ASSERT_GE(before.size(), 3u);
    const Ended ended = place.run(with(with(words, {"--overwrite"}), GetParam().words));
    if (ended.code == 0 && GetParam().name == "Device") GTEST_SKIP() << "this machine has a usable GPU";
    EXPECT_EQ(ended.code, GetParam().code) << ended.err;
    EXPECT_TRUE(contents(place, "run") == before);
}

INSTANTIATE_TEST_SUITE_P(By, Overwrite,
                         testing::Values(FalseStart{"Device", {"--device", "cuda"}, 1}, FalseStart{"Penalty", {"--l1", "-1"}, 2},
                                         FalseStart{"Schedule", {"--optimizer", "sgd", "--schedule", "one_cycle"}, 2},
                                         FalseStart{"Data", {"--columns", "x7"}, 2}, FalseStart{"Memory", {"--memory-limit", "10K"}, 1},
                                         FalseStart{"Output", {"--output", "nowhere/model.safetensors"}, 1}),
                         [](const auto& use) { return use.param.name; });

TEST(Overwrite, LeavesTheFilesOfTheNewRunAndThoseOfOthers) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Words words = {"train", "points.csv", "--target", "y", "--epochs", "5", "--run-dir", "run", "--checkpoint-every", "1", "--quiet"};
    ASSERT_EQ(place.run(words).code, 0);
    place.write("run/notes.txt", "mine");
    Words shorter = with(words, {"--overwrite", "--seed", "3"});
    shorter[5] = "2";
    ASSERT_EQ(place.run(shorter).code, 0);
    EXPECT_EQ(place.lines("run/metrics.jsonl").size(), 2u);
    EXPECT_EQ(place.read("run/notes.txt"), "mine");
    int checkpoints = 0;
    for (const std::string& name : place.names("run")) checkpoints += name.starts_with("checkpoint-");
    EXPECT_EQ(checkpoints, 2) << "none of the earlier run, which went further";
}

TEST(RunDirectory, IsNotMadeForARunThatCannotBegin) {
    Workplace place;
    write_points(place, "points.csv", 40);
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "z", "--run-dir", "run"}).code, 2);
    EXPECT_FALSE(place.has("run"));
}

TEST(RunDirectory, MayHoldTheModel) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Words words = {"train", "points.csv", "--target", "y", "--epochs", "1", "--run-dir", "runs/first", "--output"};
    EXPECT_EQ(place.run(with(words, {"runs/first/model.safetensors"})).code, 0);
    EXPECT_TRUE(place.has("runs/first/model.safetensors"));
    EXPECT_EQ(place.run(with(words, {"runs/model.safetensors", "--overwrite"})).code, 0);
    EXPECT_TRUE(place.has("runs/model.safetensors"));
}

TEST(Resume, OnOtherDataLeavesTheRunAsItIs) {
    Workplace place;
    write_points(place, "points.csv", 400);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "3", "--run-dir", "run", "--quiet"}).code, 0);
    const auto before = contents(place, "run");
    write_points(place, "points.csv", 401);
    EXPECT_EQ(place.run({"train", "--resume", "run", "--epochs", "5", "--quiet"}).code, 3);
    EXPECT_TRUE(contents(place, "run") == before);
}

struct Unwritable {
    std::string name, path;
};

class Output : public testing::TestWithParam<Unwritable> {};

/// The data is not there either: what is said first was looked at first.
TEST_P(Output, ThatCannotBeWrittenIsRefusedBeforeDataIsRead) {
    Workplace place;
    place.write("file", "");
    std::filesystem::create_directory(place.path("folder"));
    for (const char* flag : {"--output", "--run-dir", "--save-config"}) {
        if (flag == std::string("--run-dir") && (GetParam().name == "Folder" || GetParam().name == "NoFolder")) continue;  // these it takes
        const Ended ended = place.run({"train", "nowhere.csv", "--target", "y", flag, GetParam().path});
        EXPECT_TRUE(ended.code == 1 || ended.code == 2) << flag;
        EXPECT_NE(ended.err.find(std::string("error: ") + flag + " " + GetParam().path), std::string::npos) << ended.err;
    }
    const Ended ended = place.run({"predict", "nowhere.safetensors", "nowhere.csv", "--output", GetParam().path});
    EXPECT_EQ(ended.code, 1);
    EXPECT_NE(ended.err.find("error: --output " + GetParam().path), std::string::npos) << ended.err;
    EXPECT_EQ(place.names("folder").size(), 0u) << "no trace of having tried";
    EXPECT_EQ(place.read("file"), "");
}

INSTANTIATE_TEST_SUITE_P(Paths, Output,
                         testing::Values(Unwritable{"Folder", "folder"}, Unwritable{"NoFolder", "nowhere/out"},
                                         Unwritable{"FileForAFolder", "file/out"}, Unwritable{"SystemFolder", "/proc/glissade-out"}),
                         [](const auto& use) { return use.param.name; });

TEST(Output, ThatIsThereAlreadyIsUntouchedUntilTheNewOneIsWhole) {
    Workplace place;
    write_points(place, "points.csv", 40);
    place.write("model.safetensors", "an earlier one");
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "z"}).code, 2);
    EXPECT_EQ(place.read("model.safetensors"), "an earlier one");
    EXPECT_EQ(place.names(".").size(), 4u) << "the data, the model and what the program printed";
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "1"}).code, 0);
    EXPECT_GT(place.read("model.safetensors").size(), 100u);
}

}  // namespace
}  // namespace glissade::test
