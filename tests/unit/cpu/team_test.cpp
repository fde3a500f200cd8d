// SPDX-License-Identifier: Apache-2.0
#include "host/execution/team.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/execution/probe.hpp"

namespace glissade {
namespace {

TEST(ThreadTeam, RunsATaskOnceOnEveryThread) {
    for (int threads : {1, 2, 3, 16}) {
        ThreadTeam team(threads);
        EXPECT_EQ(team.size(), threads);
        for (int round = 0; round < 50; ++round) {
            std::vector<int> calls(static_cast<std::size_t>(threads), 0);
            team.run([&](int thread) { ++calls[static_cast<std::size_t>(thread)]; });
            EXPECT_EQ(calls, std::vector<int>(static_cast<std::size_t>(threads), 1)) << threads << " threads, round " << round;
        }
    }
}

TEST(ThreadTeam, BarrierShowsEveryWriteBeforeIt) {
    for (int threads : {1, 2, 3, 8}) {
        ThreadTeam team(threads);
        std::vector<long> values(static_cast<std::size_t>(threads), 0);
        long total = 0, wrong = 0;
        team.run([&](int thread) {
            for (long round = 1; round <= 300; ++round) {
                values[static_cast<std::size_t>(thread)] = round;
                // Neither is atomic: the barrier alone orders these writes and reads.
                team.barrier([&] {
                    total = 0;
                    for (const long value : values) total += value;
                });
                if (total != round * threads && thread == 0) ++wrong;
                team.barrier();
            }
        });
        EXPECT_EQ(wrong, 0) << threads << " threads";
        EXPECT_EQ(total, 300 * threads);
    }
}

TEST(ThreadTeam, SleepsBetweenTasksAndWakes) {
    ThreadTeam team(4);
    for (int round = 0; round < 5; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));  // longer than any spinning
        std::atomic<int> calls{0};
        team.run([&](int) { ++calls; });
        EXPECT_EQ(calls.load(), 4);
    }
}

TEST(ThreadTeam, RefusesToBeEmpty) {
    EXPECT_THROW(ThreadTeam team(0), Error);
}

TEST(Probe, TakesTimeForEveryRepetition) {
    ThreadTeam team(2);
    std::vector<std::byte> buffer(1 << 20);
    EXPECT_EQ(probe::read(team, buffer, 3).size(), 3u);
    EXPECT_EQ(probe::copy(team, buffer, 2).size(), 2u);
    for (const double seconds : probe::gather_rows(team, buffer, 112, 4)) EXPECT_GT(seconds, 0);
    for (const double seconds : probe::barrier(team, 2)) EXPECT_GT(seconds, 0);
}

TEST(Probe, SummarisesMeasurements) {
    const Spread spread = spread_of({5, 1, 4, 2, 3});
    EXPECT_EQ(spread.median, 3);
    EXPECT_EQ(spread.interquartile, 2);
    EXPECT_EQ(spread.least, 1);
    EXPECT_EQ(spread_of({2, 4}).median, 3);
    EXPECT_EQ(spread_of({}).median, 0);
}

}  // namespace
}  // namespace glissade
