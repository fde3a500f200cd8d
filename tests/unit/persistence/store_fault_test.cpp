// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "tests/unit/persistence/checkpoint_cases.hpp"
#include "tests/unit/persistence/fault_io.hpp"

namespace glissade {
namespace {

using namespace test;
using Steps = std::vector<std::int64_t>;

std::string save_error(CheckpointStore& store, std::int64_t step) {
    try {
        store.save(step, bytes_of(text_at(step)));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
        return error.what();
    }
    return "";
}

/// Saves step 400 with one fault. False if the save made fewer calls than that.
bool drill_save(const Fault& fault) {
    const ScratchDirectory scratch;
    fill(scratch);
    FaultIo io(fault);
    CheckpointStore store(io, scratch.path());
    const std::string message = save_error(store, 400);
    if (!io.met()) return false;
    const std::string what = io.faulty_call() + ", errno " + std::to_string(fault.error) + ": " + message;
    CheckpointStore healthy(posix_io(), scratch.path());
    const Steps after = healthy.steps();
    const bool saved = std::ranges::count(after, 400) == 1;
    EXPECT_TRUE(saved || !message.empty()) << what;
    if (message.empty() || fault.kind != Fault::Kind::performed) {
        EXPECT_EQ(saved, message.empty() || message.find("is in place, complete") != std::string::npos) << what;
    }
    for (const std::int64_t step : after) EXPECT_EQ(contents(healthy.path_of(step)), text_at(step)) << step << " after " << what;
    const Steps untouched = message.empty() ? Steps{200, 300} : Steps{100, 200, 300};
    EXPECT_TRUE(std::ranges::includes(after, untouched)) << what;

    const auto loaded = healthy.load_newest(validate);
    EXPECT_EQ(loaded.has_value() ? loaded->step : -1, saved ? 400 : 300) << what;
    EXPECT_TRUE(healthy.save(500, bytes_of(text_at(500))).empty()) << what;
    EXPECT_EQ(healthy.steps(), saved ? (Steps{300, 400, 500}) : (Steps{200, 300, 500})) << what;
    EXPECT_EQ(scratch.names().size(), 3u) << "something was left behind: " << what;
    return true;
}

TEST(CheckpointStoreFaults, LoseNoCheckpointWhicheverCallFails) {
    std::int64_t total = 0;
    for (const auto kind : {Fault::Kind::refused, Fault::Kind::performed, Fault::Kind::short_write}) {
        for (const int error : {EIO, ENOSPC, EDQUOT, EROFS}) {
            for (const bool for_good : {false, true}) {
                std::int64_t faults = 0;
                while (drill_save({.at = faults, .kind = kind, .for_good = for_good, .error = error})) ++faults;
                EXPECT_GE(faults, 20);
                total += faults;
            }
        }
    }
    RecordProperty("faults", std::to_string(total));
}

TEST(CheckpointStoreFaults, LeaveAFirstSaveRepeatable) {
    for (std::int64_t at = 0;; ++at) {
        const ScratchDirectory scratch;
        FaultIo io({.at = at, .error = ENOSPC});
        CheckpointStore store(io, scratch.file("run/checkpoints"));
        const std::string message = save_error(store, 1);
        if (!io.met()) break;
        const std::string what = io.faulty_call() + ": " + message;
        EXPECT_TRUE(message.empty() || message.find(std::strerror(ENOSPC)) != std::string::npos) << what;
        CheckpointStore healthy(posix_io(), scratch.file("run/checkpoints"));
        healthy.save(2, bytes_of(text_at(2)));
        EXPECT_EQ(healthy.load_newest(validate)->step, 2) << what;
    }
}

TEST(CheckpointStoreFaults, NeverLoadAnythingButAWholeCheckpoint) {
    for (const bool for_good : {false, true}) {
        for (std::int64_t at = 0;; ++at) {
            const ScratchDirectory scratch;
            fill(scratch);
            FaultIo io({.at = at, .for_good = for_good});
            CheckpointStore store(io, scratch.path());
            std::optional<LoadedCheckpoint> loaded;
            std::string message;
            try {
                loaded = store.load_newest(validate);
            } catch (const Error& error) {
                message = error.what();
            }
            if (!io.met()) break;
            const bool only_close = io.faulty_call() == "close";
            if (loaded) {
                EXPECT_EQ(loaded->step, only_close ? 300 : 200) << io.faulty_call();
                EXPECT_EQ(text_of(loaded->bytes), text_at(loaded->step));
                EXPECT_EQ(loaded->skipped.size(), only_close ? 0u : 1u);
            } else {
                EXPECT_TRUE(for_good || io.faulty_call() == "list") << message;
                EXPECT_NE(message.find(std::strerror(EIO)), std::string::npos) << message;
            }
        }
    }
}

}  // namespace
}  // namespace glissade
