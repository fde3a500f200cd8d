// SPDX-License-Identifier: Apache-2.0
// When the system has no more threads: what can go on with fewer does, the rest says so, and nothing is left running.
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <vector>

#include "glissade/device.hpp"
#include "host/data/parallel.hpp"
#include "host/execution/team.hpp"
#include "host/train/data_checks.hpp"
#include "tests/support/thread_count.hpp"
#include "tests/unit/faults/thread_faults.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::ThreadLimit;

TEST(ParallelFor, DoesEveryTaskOnceOnTheThreadsThatThereAre) {
    for (const int given : {0, 1, 2, 6, 7}) {
        std::vector<std::atomic<int>> calls(100);
        const ThreadLimit limit(given);
        parallel_for(100, 8, [&](std::int64_t task) { ++calls[static_cast<std::size_t>(task)]; });
        for (const auto& count : calls) EXPECT_EQ(count, 1) << given << " threads given";
        EXPECT_EQ(limit.refusals(), given < 7 ? 1 : 0);
    }
}

TEST(ParallelFor, PassesOnWhatATaskThrowsWhateverThreadsThereAre) {
    for (const int given : {0, 1, 7}) {
        const ThreadLimit limit(given);
        const auto fail_late = [](std::int64_t task) {
            if (task >= 41) throw task;
        };
        try {
            parallel_for(100, 8, fail_late);
            FAIL() << "no exception";
        } catch (const std::int64_t task) {
            EXPECT_EQ(task, 41);
        }
    }
}

TEST(ThreadTeam, SaysHowManyThreadsTheSystemGave) {
    const int before = testing::settled_thread_count();
    for (const int given : {0, 1, 3}) {
        const auto error = [&] {
            const ThreadLimit limit(given);
            return error_of([] { ThreadTeam team(5); });
        }();
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(error->kind(), ErrorKind::device);
        EXPECT_NE(std::string(error->what()).find("gave " + std::to_string(given + 1) + " of 5 threads"), std::string::npos)
            << error->what();
        EXPECT_TRUE(testing::thread_count_returns_to(before));
    }
    std::atomic<int> calls{0};
    ThreadTeam(5).run([&](int) { ++calls; });
    EXPECT_EQ(calls, 5);
}

TEST(CheckFeatures, NamesTheFirstBadRowWithoutAThreadToHelp) {
    if (usable_processors() < 2) GTEST_SKIP() << "one processor: the check starts no thread";
    constexpr std::int64_t rows = 4096, columns = 1024;  // 2^22 values: enough to be shared by two threads and more
    std::vector<float> x(static_cast<std::size_t>(rows * columns), 1.0f);
    const MatrixView<const float> view(x.data(), rows, columns);
    for (const std::int64_t bad : {std::int64_t{0}, rows / 2, rows - 1}) {
        x[static_cast<std::size_t>(bad * columns + 5)] = std::numeric_limits<float>::infinity();
        const ThreadLimit limit(0);
        const auto error = error_of([&] { check_features(view, "data"); });
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(std::string(error->what()), "data, row " + std::to_string(bad + 1) + ", column 6: the value is not finite");
        EXPECT_GE(limit.refusals(), 1);
        x[static_cast<std::size_t>(bad * columns + 5)] = 0;
    }
    const ThreadLimit limit(0);
    EXPECT_FALSE(error_of([&] { check_features(view, "data"); }).has_value());
}

TEST(Train, NeedsNoMoreThreadsThanTheSystemHas) {
    const testing::RandomProblem<float> problem(1 << 14, 128, 2, 1);  // 2^21 values
    const Dataset data = problem.dataset();
    TrainOptions options;
    options.loss = "logistic";
    options.max_steps = 2;
    options.device = "cpu";
    options.threads = 1;
    const auto wanted = train(data, options).model.parameters;
    const int before = testing::settled_thread_count();
    {
        const ThreadLimit limit(0);
        EXPECT_EQ(train(data, options).model.parameters, wanted);
        options.threads = 3;
        const auto error = error_of([&] { train(data, options); });
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(error->kind(), ErrorKind::device) << error->what();
    }
    EXPECT_TRUE(testing::thread_count_returns_to(before));
    EXPECT_EQ(train(data, options).model.parameters, wanted);
}

}  // namespace
}  // namespace glissade
