// SPDX-License-Identifier: Apache-2.0
// A training process that is killed inside a save: before, in the middle of and after each of its system calls.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/io_in_place.hpp"
#include "tests/faults/small_run.hpp"
#include "tests/support/fault_figures.hpp"
#include "tests/unit/persistence/fault_io.hpp"

namespace glissade {
namespace {

using namespace test;

/// Trains, or goes on, in a process of its own that is killed at one call. False if it lived to the end.
bool killed_while_running(const SmallRun& run, const std::string& directory, const Fault& fault) {
    const pid_t child = ::fork();
    if (child == 0) {
        int result = 1;
        try {
            FaultIo io(fault);
            const IoInPlace in_place(io);
            run.go(directory);
            result = 0;
        } catch (const Error&) {
        }
        ::_exit(result);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    EXPECT_EQ(status, 0) << "neither killed nor done";
    return false;
}

void kill_at_every_call(Fault::Kind kind, bool half_done) {
    const SmallRun run;
    std::int64_t kills = 0, lost = 0;
    for (;; ++kills) {
        const ScratchDirectory scratch;
        if (half_done) run.go_half_way(scratch.path());
        if (!killed_while_running(run, scratch.path(), {.at = kills, .kind = kind})) break;
        const auto recovered = run.recovers(scratch.path());
        EXPECT_TRUE(recovered) << "killed at call " << kills;
        lost += recovered ? 0 : 1;
    }
    EXPECT_GE(kills, 40);
    testing::record_faults("kill -9 in training", kills, lost);
}

TEST(KilledInASave, BeforeACallLosesNothing) {
    kill_at_every_call(Fault::Kind::killed, false);
}
TEST(KilledInASave, InTheMiddleOfACallLosesNothing) {
    kill_at_every_call(Fault::Kind::killed_half, false);
}
TEST(KilledInASave, AfterAResumeLosesNothing) {
    kill_at_every_call(Fault::Kind::killed_half, true);
}

TEST(KilledInASave, AgainAndAgainLosesNothing) {
    const SmallRun run;
    const ScratchDirectory scratch;
    std::int64_t kills = 0;
    // Each process makes a few calls more than the one before, so that all of them together come to the end.
    for (std::int64_t at = 1; killed_while_running(run, scratch.path(), {.at = at, .kind = Fault::Kind::killed_half}); at += 2) ++kills;
    const auto recovered = run.recovers(scratch.path());
    EXPECT_TRUE(recovered);
    EXPECT_GE(kills, 10);
    testing::record_faults("kill -9 in training", kills, recovered ? 0 : kills);
}

}  // namespace
}  // namespace glissade
