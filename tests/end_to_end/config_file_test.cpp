// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Files of settings.
namespace glissade::test {
namespace {

TEST(ConfigFile, GivesFlagsAndTheCommandLineWins) {
    Workplace place;
    write_points(place, "points.csv", 400);
    place.write(
        "run.toml",
        "# a run\ndata = \"points.csv\"\ntarget = 'y'\nepochs = 7  # passes\nbatch_size = 100\nna = [\"?\",\n  \"none\"]\nquiet = true\n");
    const Ended from_file = place.run({"train", "--config", "run.toml", "--json"});
    ASSERT_EQ(from_file.code, 0) << from_file.err;
    EXPECT_EQ(from_file.json()["epochs"], 7);
    EXPECT_EQ(from_file.json()["steps"], 28);
    EXPECT_EQ(from_file.err, "");
    EXPECT_EQ(place.run({"train", "--config", "run.toml", "--json", "--epochs", "2"}).json()["epochs"], 2);
}

TEST(ConfigFile, ThatWasSavedGivesTheSameModel) {
    Workplace place;
    write_points(place, "points.csv", 400);
    ASSERT_EQ(place
                  .run({"train", "points.csv", "--target", "y", "--optimizer", "sgd", "--momentum", "0.9", "--nesterov", "--lr", "0.1",
                        "--na", "?", "--na", "a \"b\" \\", "--save-config", "run.toml", "-o", "first.safetensors"})
                  .code,
              0);
    const Ended again = place.run({"train", "--config", "run.toml", "-o", "second.safetensors"});
    ASSERT_EQ(again.code, 0) << again.err << place.read("run.toml");
    EXPECT_EQ(place.read("first.safetensors"), place.read("second.safetensors"));
}

class BadConfig : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadConfig, IsWrongUseThatNamesLineAndColumn) {
    Workplace place;
    write_points(place, "points.csv", 40);
    place.write("run.toml", std::string("target = \"y\"\n") + GetParam().first);
    const Ended ended = place.run({"train", "points.csv", "--config", "run.toml"});
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_NE(ended.err.find("run.toml: line 2, column "), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(GetParam().second), std::string::npos) << ended.err;
}

INSTANTIATE_TEST_SUITE_P(Lines, BadConfig,
                         testing::Values(std::pair{"epoch = 3\n", "--epochs"}, std::pair{"epochs 3\n", "'='"},
                                         std::pair{"epochs = three\n", "quotes"}, std::pair{"loss = \"squared\n", "not closed"},
                                         std::pair{"[train]\n", "sections"}, std::pair{"target = \"x0\"\n", "twice"},
                                         std::pair{"epochs = 3 4\n", "expected"}, std::pair{"na = []\n", "empty list"},
                                         std::pair{"resume = \"run\"\n", "command line"}, std::pair{"loss = \"a\\q\"\n", "escape"},
                                         std::pair{"epochs = \"x\"\n", "--epochs wants"}, std::pair{"epochs = 1e400\n", "--epochs wants"},
                                         std::pair{"l2 = inf\n", "quotes"}, std::pair{"l2 = \"inf\"\n", "--l2 wants"},
                                         std::pair{"epochs = [1, 2]\n", "one value"}, std::pair{"data = [\"a\", \"b\"]\n", "one value"},
                                         std::pair{"loss = \"squard\"\n", "'squared'"}, std::pair{"lr = [0.1, \"x\"]\n", "--lr wants"},
                                         std::pair{"batch-size = \"some\"\n", "--batch-size wants"},
                                         std::pair{"schedule = \"cosin\"\n", "'cosine'"}, std::pair{"shuffle = \"ful\"\n", "'full'"},
                                         std::pair{"header = \"maybe\"\n", "--header"}, std::pair{"memory-limit = 0\n", "--memory-limit"}));

TEST(ConfigFile, MayListSeedsAndAskForTensorBoard) {
    Workplace place;
    write_points(place, "points.csv", 100);
    place.write("run.toml", "seed = [3, 1]\ntensorboard = \"\"\n");
    const Ended ended =
        place.run({"train", "points.csv", "--target", "y", "--config", "run.toml", "--save-config", "saved.toml", "--run-dir", "run"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(place.has("run/tensorboard"));
    const Ended again = place.run({"train", "--config", "saved.toml", "--run-dir", "other", "--json"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(again.json()["settings"]["seed"], nlohmann::json({3, 1}));
    EXPECT_TRUE(place.has("other/tensorboard"));
}

TEST(ConfigFile, MayListRates) {
    Workplace place;
    write_points(place, "points.csv", 400);
    place.write("run.toml", "lr = [0.1, 1e-2,\n  0.2]\n");
    const Ended ended =
        place.run({"train", "points.csv", "--target", "y", "--config", "run.toml", "--save-config", "saved.toml", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.json()["settings"]["lr"], nlohmann::json({.1, .01, .2}));
    EXPECT_EQ(place.run({"train", "--config", "saved.toml", "--json"}).json()["settings"]["lr"], nlohmann::json({.1, .01, .2}));
}

}  // namespace
}  // namespace glissade::test
