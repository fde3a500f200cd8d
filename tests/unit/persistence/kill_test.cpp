// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/persistence/checkpoint_cases.hpp"
#include "tests/unit/persistence/fault_io.hpp"

namespace glissade {
namespace {

using namespace test;

/// Saves step 400 in a process of its own that is killed at one call. False if it lived to the end.
bool killed_while_saving(const ScratchDirectory& scratch, const Fault& fault) {
    const pid_t child = ::fork();
    if (child == 0) {
        int result = 1;
        try {
            FaultIo io(fault);
            CheckpointStore(io, scratch.path()).save(400, bytes_of(text_at(400)));
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

TEST(KilledWhileSaving, LosesNoCheckpointAndLeavesNothingForGood) {
    std::int64_t kills = 0;
    for (const auto kind : {Fault::Kind::killed, Fault::Kind::killed_half}) {
        bool saved_before = false;
        for (std::int64_t at = 0;; ++at) {
            const ScratchDirectory scratch;
            fill(scratch);
            const bool killed = killed_while_saving(scratch, {.at = at, .kind = kind});
            CheckpointStore store(posix_io(), scratch.path());
            const auto loaded = store.load_newest(validate);
            ASSERT_TRUE(loaded.has_value()) << "call " << at;
            EXPECT_TRUE(loaded->skipped.empty()) << "call " << at;
            EXPECT_TRUE(loaded->step == (saved_before ? 400 : loaded->step == 400 ? 400 : 300)) << "call " << at;
            saved_before = loaded->step == 400;
            EXPECT_TRUE(store.save(500, bytes_of(text_at(500))).empty()) << "call " << at;
            EXPECT_EQ(scratch.names().size(), 3u) << "call " << at;
            if (!killed) break;
            ++kills;
        }
        EXPECT_TRUE(saved_before);
    }
    EXPECT_GE(kills, 40);
    RecordProperty("kills", std::to_string(kills));
}

}  // namespace
}  // namespace glissade
