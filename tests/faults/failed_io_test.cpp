// SPDX-License-Identifier: Apache-2.0
// A whole run, with checkpoints and the model at its end, in which one system call fails, or all from one on.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "tests/faults/io_in_place.hpp"
#include "tests/faults/small_run.hpp"
#include "tests/support/fault_figures.hpp"
#include "tests/unit/persistence/fault_io.hpp"

namespace glissade {
namespace {

using namespace test;

struct Way {
    const char* name;
    Fault::Kind kind;
    int error;
    bool for_good, half_done;
};

class FailedCall : public ::testing::TestWithParam<Way> {
protected:
    SmallRun run;

    /// One trial. False if the run made fewer calls; counts what was lost.
    bool drill(std::int64_t at) {
        const Way& way = GetParam();
        const ScratchDirectory scratch;
        put(scratch.file("model"), "the model before");
        if (way.half_done) run.go_half_way(scratch.path());
        FaultIo io({.at = at, .kind = way.kind, .for_good = way.for_good, .error = way.error});
        std::string message;
        try {
            const IoInPlace in_place(io);
            run.go(scratch.path());
        } catch (const Error& error) {
            message = error.what();
            // A checkpoint that cannot be read back is no checkpoint.
            EXPECT_TRUE(error.kind() == ErrorKind::io || error.kind() == ErrorKind::data) << message;
        }
        if (!io.met()) return false;
        SCOPED_TRACE(io.calls().at(static_cast<std::size_t>(at)) + ", call " + std::to_string(at) + ": " + message);
        const std::string model = contents(scratch.file("model"));
        EXPECT_TRUE(model == run.wanted() || (model == "the model before" && !message.empty()));
        if (!message.empty() && way.kind != Fault::Kind::short_write) {
            EXPECT_NE(message.find(std::strerror(way.error)), std::string::npos);
            EXPECT_NE(message.find(scratch.path()), std::string::npos) << "the message names the file";
        }
        EXPECT_TRUE(run.recovers(scratch.path()));
        return true;
    }
};

TEST_P(FailedCall, LosesNothingWhicheverItIs) {
    std::int64_t faults = 0, lost = 0;
    for (bool met = true; met; faults += met ? 1 : 0) {
        const auto* const result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
        const int before = result->total_part_count();
        met = drill(faults);
        lost += result->total_part_count() > before ? 1 : 0;
    }
    EXPECT_GE(faults, GetParam().half_done ? 50 : 100);
    testing::record_faults("failed I/O call", faults, lost);
}

INSTANTIATE_TEST_SUITE_P(Is, FailedCall,
                         ::testing::Values(Way{"RefusedOnce", Fault::Kind::refused, EIO, false, false},
                                           Way{"RefusedForGood", Fault::Kind::refused, ENOSPC, true, false},
                                           Way{"PerformedAndReportedAsFailed", Fault::Kind::performed, EIO, false, false},
                                           Way{"ShortForGood", Fault::Kind::short_write, ENOSPC, true, false},
                                           Way{"RefusedOnceAfterAResume", Fault::Kind::refused, EDQUOT, false, true},
                                           Way{"RefusedForGoodAfterAResume", Fault::Kind::refused, EROFS, true, true}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace glissade
