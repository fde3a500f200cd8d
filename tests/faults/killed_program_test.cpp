// SPDX-License-Identifier: Apache-2.0
// The program, killed or interrupted at random times, half of them inside a save; then it goes on to the same model, byte for byte.
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <regex>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"
#include "tests/support/fault_figures.hpp"

namespace glissade::test {
namespace {

using Clock = std::chrono::steady_clock;

/// What happens to the files of a directory, as the kernel tells.
class Watch {
public:
    explicit Watch(const std::string& directory) : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        ::inotify_add_watch(descriptor_, directory.c_str(), IN_CREATE | IN_MODIFY | IN_MOVE | IN_DELETE);
    }
    ~Watch() { ::close(descriptor_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Events so far; the kernel folds some into one.
    int events() {
        alignas(inotify_event) char buffer[4096];
        for (ssize_t got = 0; (got = ::read(descriptor_, buffer, sizeof buffer)) > 0;) {
            for (const char* p = buffer; p < buffer + got; p += sizeof(inotify_event) + reinterpret_cast<const inotify_event*>(p)->len)
                ++events_;
        }
        return events_;
    }

private:
    int descriptor_, events_ = 0;
};

/// A run of the program, the time and the events that it takes undisturbed, and the model that it then gives.
class ProgramRun {
public:
    ProgramRun() {
        write_points(place_, "points.csv", 300);
        EXPECT_EQ(place_.run(words("warm-up")).code, 0);  // pages in what the others find in memory
        std::filesystem::create_directory(place_.path("undisturbed"));
        Watch watch(place_.path("undisturbed"));
        const auto begun = Clock::now();
        EXPECT_EQ(place_.run(words("undisturbed")).code, 0);
        microseconds_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count();
        events_ = watch.events();
        wanted_ = take_model();
        EXPECT_FALSE(wanted_.empty());
        EXPECT_GE(events_, 4 * static_cast<int>(epochs));
    }

    std::int64_t microseconds() const { return microseconds_; }
    int events() const { return events_; }
    const Workplace& place() const { return place_; }

    /// Starts the run in an empty directory and sends `signal` when `ready`.
    Ended disturbed(int signal, const std::function<bool(Watch&)>& ready) {
        std::filesystem::remove_all(place_.path("run"));
        std::filesystem::create_directory(place_.path("run"));
        Watch watch(place_.path("run"));
        return place_.run_and_signal(words("run"), signal, [&] { return ready(watch); });
    }

    /// Goes on as its user would: resumes where a checkpoint was written, else begins anew. Whether the model and the log are the whole
    /// run's.
    ::testing::AssertionResult recovers() {
        Ended ended = place_.run({"train", "--resume", "run", "--quiet"});
        if (ended.code == 3 && ended.err.find("checkpoint") != std::string::npos && !has_checkpoint()) {
            auto anew = words("run");
            anew.emplace_back("--overwrite");
            ended = place_.run(anew);
        }
        if (ended.code != 0) return ::testing::AssertionFailure() << "exit code " << ended.code << ": " << ended.err;
        if (take_model() != wanted_) return ::testing::AssertionFailure() << "another model";
        const auto log = place_.lines("run/metrics.jsonl");
        for (std::size_t e = 0; e < log.size(); ++e) {
            if (nlohmann::json::parse(log[e])["epoch"] != e + 1) return ::testing::AssertionFailure() << "the log has " << log[e];
        }
        if (log.size() != epochs) return ::testing::AssertionFailure() << "the log has " << log.size() << " epochs";
        return ::testing::AssertionSuccess();
    }

    bool has_checkpoint() const {
        for (const std::string& name : place_.names("run")) {
            if (name.ends_with(".safetensors")) return true;
        }
        return false;
    }

private:
    static constexpr std::size_t epochs = 12;

    static Workplace::Words words(const std::string& directory) {
        return {"train",   "points.csv", "--target", "y",   "--epochs",  "12", "--batch-size",       "64", "--lr", "0.05", "--run-dir",
                directory, "--quiet",    "--device", "cpu", "--threads", "1",  "--checkpoint-every", "1"};
    }
    std::string take_model() const {
        std::string model = place_.read("model.safetensors");
        std::filesystem::remove(place_.path("model.safetensors"));
        return model;
    }

    Workplace place_;
    std::int64_t microseconds_ = 0;
    int events_ = 0;
    std::string wanted_;
};

enum class Aim { any_time, a_save };

/// A run that the signal ended: with the right exit code, and with the last step that it speaks of saved.
void expect_ended_by(int signal, const Ended& ended, const ProgramRun& run) {
    if (signal == SIGKILL) {
        EXPECT_EQ(ended.signal, SIGKILL);
        return;
    }
    // A program that has only just been started, and has done nothing yet, may die of the signal itself.
    EXPECT_TRUE(ended.code == 128 + signal || (ended.signal == signal && run.place().names("run").empty())) << ended.code;
    std::smatch step;
    if (!std::regex_search(ended.err, step, std::regex("interrupted after step ([0-9]+)"))) return;
    const std::string digits = step[1];
    EXPECT_TRUE(run.place().has("run/checkpoint-" + std::string(12 - digits.size(), '0') + digits + ".safetensors"))
        << "the last step done";
}

int failures_so_far() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

/// `trials` runs that a signal ended, at times or events drawn from `seed`; runs that came to their end before it do not count.
void disturb(int signal, Aim aim, int trials, std::uint64_t seed) {
    ProgramRun run;
    std::mt19937_64 random(seed);
    std::int64_t disturbed = 0, lost = 0;
    for (int attempt = 0; disturbed < trials; ++attempt) {
        ASSERT_LT(attempt, 5 * trials) << "only " << disturbed << " runs were disturbed";
        const auto delay = std::chrono::microseconds(random() % static_cast<std::uint64_t>(run.microseconds()));
        const int event = 1 + static_cast<int>(random() % static_cast<std::uint64_t>(run.events()));
        const auto begun = Clock::now();
        const Ended ended = run.disturbed(
            signal, [&](Watch& watch) { return aim == Aim::a_save ? watch.events() >= event : Clock::now() - begun >= delay; });
        SCOPED_TRACE("attempt " + std::to_string(attempt) + " of seed " + std::to_string(seed) + ": " + ended.err);
        const int before = failures_so_far();
        if (ended.code != 0) {
            ++disturbed;
            expect_ended_by(signal, ended, run);
        }
        EXPECT_TRUE(run.recovers());
        lost += failures_so_far() > before ? 1 : 0;
    }
    testing::record_faults(signal == SIGKILL ? "kill -9 in training" : "SIGINT, SIGTERM", disturbed, lost);
}

struct Shard {
    int signal;
    Aim aim;
    int index, trials;
};

std::string shard_name(const ::testing::TestParamInfo<Shard>& info) {
    const Shard& shard = info.param;
    const std::string signal = shard.signal == SIGKILL ? "Kill" : shard.signal == SIGINT ? "Interrupt" : "Terminate";
    return signal + (shard.aim == Aim::a_save ? "InASave" : "AtAnyTime") + std::to_string(shard.index);
}

std::vector<Shard> shards(int first, int count, int trials) {
    std::vector<Shard> all;
    for (int index = first; index < first + count; ++index) {
        for (const int signal : {SIGKILL, SIGINT, SIGTERM}) all.push_back({signal, Aim::any_time, index, trials});
        all.push_back({SIGKILL, Aim::a_save, index, trials});
    }
    return all;
}

class Program : public ::testing::TestWithParam<Shard> {};

TEST_P(Program, GoesOnToTheSameModel) {
    const Shard& shard = GetParam();
    disturb(shard.signal, shard.aim, shard.trials, 1000 * shard.index + shard.signal + (shard.aim == Aim::a_save ? 100 : 0));
}

INSTANTIATE_TEST_SUITE_P(EveryRun, Program, ::testing::ValuesIn(shards(0, 1, 30)), shard_name);
INSTANTIATE_TEST_SUITE_P(Long, Program, ::testing::ValuesIn(shards(1, 4, 100)), shard_name);

}  // namespace
}  // namespace glissade::test
