// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Runs that are killed or interrupted, and go on.
namespace glissade::test {
namespace {

const Workplace::Words training = {"train", "points.csv", "--target", "y",         "--epochs", "300",     "--validation-fraction",
                                   "0.1",   "--lr",       "0.05",     "--run-dir", "run",      "--quiet", "--checkpoint-every",
                                   "1"};

bool has_checkpoint(const Workplace& place) {
    for (const std::string& name : place.names("run")) {
        if (name.starts_with("checkpoint-") && name.ends_with(".safetensors")) return true;
    }
    return false;
}

/// The model of the run that nothing disturbed.
std::string undisturbed_model(Workplace& place) {
    auto words = training;
    words[11] = "undisturbed";
    EXPECT_EQ(place.run(words).code, 0);
    const std::string model = place.read("model.safetensors");
    EXPECT_FALSE(model.empty());
    return model;
}

class Stopped : public testing::TestWithParam<int> {};

TEST_P(Stopped, AndResumedGivesTheModelOfTheRunThatNeverStopped) {
    const int signal = GetParam();
    Workplace place;
    write_points(place, "points.csv", 2000);
    const std::string wanted = undisturbed_model(place);
    std::filesystem::remove(place.path("model.safetensors"));
    const Ended stopped = place.run_and_signal(training, signal, [&] { return has_checkpoint(place); });
    if (signal == SIGKILL) {
        ASSERT_EQ(stopped.signal, SIGKILL) << "the run ended before it was killed";
        EXPECT_FALSE(place.has("model.safetensors"));
    } else {
        ASSERT_EQ(stopped.code, 128 + signal) << stopped.err;
        EXPECT_TRUE(place.has("model.safetensors")) << "the model so far";
        EXPECT_NE(stopped.err.find("--resume run"), std::string::npos) << stopped.err;
    }
    const Ended resumed = place.run({"train", "--resume", "run", "--quiet", "--json"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(resumed.json()["epochs"], 300);
    EXPECT_TRUE(place.read("model.safetensors") == wanted) << "the same bytes";
    const auto lines = place.lines("run/metrics.jsonl");
    ASSERT_EQ(lines.size(), 300u) << "one line an epoch, none twice";
    for (std::size_t e = 0; e < lines.size(); ++e) EXPECT_EQ(nlohmann::json::parse(lines[e])["epoch"], e + 1);
}

INSTANTIATE_TEST_SUITE_P(By, Stopped, testing::Values(SIGKILL, SIGINT, SIGTERM), [](const auto& use) {
    return std::string(use.param == SIGKILL ? "Kill" : use.param == SIGINT ? "Interrupt" : "Terminate");
});

TEST(Resume, AtAnyStepInsideAnEpochIsExact) {
    Workplace place;
    write_points(place, "points.csv", 2000);
    auto words = training;
    words[5] = "5";
    words[11] = "undisturbed";
    ASSERT_EQ(place.run(words).code, 0);
    const std::string wanted = place.read("model.safetensors");
    words[11] = "run";
    words.back() = "3steps";
    words.insert(words.end(), {"--max-steps", "17", "--schedule", "step:every=6,gamma=0.5"});
    ASSERT_EQ(place.run(words).code, 0);
    auto same = words;
    same[11] = "undisturbed2";
    same[16] = "0";
    ASSERT_EQ(place.run(same).code, 0);
    const std::string stepped = place.read("model.safetensors");
    EXPECT_NE(stepped, wanted) << "the schedules differ";
    const Ended resumed = place.run({"train", "--resume", "run", "--max-steps", "0", "--quiet"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_TRUE(place.read("model.safetensors") == stepped);
}

/// Without --checkpoint-every, checkpoints are a second apart: what was done since the last is done again.
TEST(Resume, AfterAKillBetweenRareCheckpointsIsExact) {
    Workplace place;
    write_points(place, "points.csv", 2000);
    Workplace::Words words(training.begin(), training.end() - 2);
    words[5] = "3000";
    words[11] = "undisturbed";
    ASSERT_EQ(place.run(words).code, 0);
    const std::string wanted = place.read("model.safetensors");
    std::filesystem::remove(place.path("model.safetensors"));
    words[11] = "run";
    const auto well_begun = [&] { return has_checkpoint(place) && place.lines("run/metrics.jsonl").size() > 5; };
    ASSERT_EQ(place.run_and_signal(words, SIGKILL, well_begun).signal, SIGKILL) << "the run ended before it was killed";
    ASSERT_EQ(place.run({"train", "--resume", "run", "--quiet"}).code, 0);
    EXPECT_TRUE(place.read("model.safetensors") == wanted) << "the same bytes";
    const auto lines = place.lines("run/metrics.jsonl");
    ASSERT_EQ(lines.size(), 3000u);
    for (std::size_t e = 0; e < lines.size(); ++e) ASSERT_EQ(nlohmann::json::parse(lines[e])["epoch"], e + 1);
}

TEST(Resume, OfARunThatIsOverSaysThatNothingWasLeftToDo) {
    Workplace place;
    write_points(place, "points.csv", 500);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "7", "--run-dir", "run"}).code, 0);
    const std::string model = place.read("model.safetensors"), metrics = place.read("run/metrics.jsonl");
    for (const Workplace::Words& words :
         {Workplace::Words{"train", "--resume", "run"}, Workplace::Words{"train", "--resume", "run", "--epochs", "2"}}) {
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_NE(ended.err.find("nothing was left to do"), std::string::npos) << ended.err;
        EXPECT_NE(ended.out.find("nothing was left to do: 7 epochs"), std::string::npos) << ended.out;
        EXPECT_EQ(ended.err.find("now ends with the new last epoch"), std::string::npos) << ended.err;
        EXPECT_EQ(place.read("run/metrics.jsonl"), metrics);
        EXPECT_EQ(place.run({"inspect", "model.safetensors", "--coefficients"}).code, 0);
    }
}

TEST(Resume, TakesMoreEpochsAndThreadsAndNothingElse) {
    Workplace place;
    write_points(place, "points.csv", 500);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "2", "--run-dir", "run"}).code, 0);
    const Ended other = place.run({"train", "--resume", "run", "--lr", "0.5"});
    EXPECT_EQ(other.code, 2);
    EXPECT_NE(other.err.find("--lr"), std::string::npos) << other.err;
    const Ended more = place.run({"train", "--resume", "run", "--epochs", "5", "--threads", "2", "--output", "more.safetensors", "--json"});
    ASSERT_EQ(more.code, 0) << more.err;
    EXPECT_EQ(more.json()["epochs"], 5);
    EXPECT_TRUE(place.has("more.safetensors"));
}

TEST(Resume, OnOtherDataIsRefused) {
    Workplace place;
    write_points(place, "points.csv", 500);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "2", "--run-dir", "run"}).code, 0);
    write_points(place, "points.csv", 501);
    const Ended ended = place.run({"train", "--resume", "run", "--epochs", "3"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("data"), std::string::npos) << ended.err;
}

TEST(Resume, WithoutACheckpointIsBadData) {
    Workplace place;
    std::filesystem::create_directory(place.path("empty"));
    EXPECT_EQ(place.run({"train", "--resume", "empty"}).code, 3);
}

TEST(Interrupt, WithoutARunDirectoryStillLeavesTheModel) {
    Workplace place;
    write_points(place, "points.csv", 2000);
    const auto begun = [&] { return place.read(".stderr").find("epoch 1/") != std::string::npos; };
    const Ended ended = place.run_and_signal({"train", "points.csv", "--target", "y", "--epochs", "10000000"}, SIGINT, begun);
    EXPECT_EQ(ended.code, 130) << ended.err;
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "points.csv"}).code, 0);
}

}  // namespace
}  // namespace glissade::test
