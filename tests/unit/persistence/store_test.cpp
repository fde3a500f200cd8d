// SPDX-License-Identifier: Apache-2.0
#include "host/train/store.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "glissade/error.hpp"
#include "tests/unit/persistence/checkpoint_cases.hpp"
#include "tests/unit/persistence/fault_io.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade {
namespace {

using namespace test;
using Steps = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

ErrorKind kind_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::internal;
}

TEST(CheckpointStore, KeepsTheNewestAndFindsThemByTheirNames) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.file("run/checkpoints"), 3);
    for (const std::int64_t step : {0, 9, 10, 99, 1'000'000}) EXPECT_TRUE(store.save(step, bytes_of(text_at(step))).empty());
    EXPECT_EQ(store.steps(), (Steps{10, 99, 1'000'000}));
    EXPECT_TRUE(std::filesystem::exists(scratch.file("run/checkpoints/checkpoint-000001000000.safetensors")));
    const auto loaded = CheckpointStore(posix_io(), scratch.file("run/checkpoints")).load_newest(validate);
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->step, 1'000'000);
    EXPECT_EQ(text_of(loaded->bytes), text_at(1'000'000));
    EXPECT_TRUE(loaded->skipped.empty());
}

TEST(CheckpointStore, SavesTheSameStepAgain) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 1);
    store.save(5, bytes_of(text_at(5)));
    store.save(5, bytes_of("again"));
    EXPECT_EQ(contents(store.path_of(5)), "again");
    EXPECT_EQ(scratch.names().size(), 1u);
}

TEST(CheckpointStore, HasNothingToLoadInAnEmptyDirectoryAndFailsWithoutOne) {
    const ScratchDirectory scratch;
    EXPECT_FALSE(CheckpointStore(posix_io(), scratch.path()).load_newest(validate).has_value());
    EXPECT_EQ(kind_of([&] { CheckpointStore(posix_io(), scratch.file("none")).load_newest(validate); }), ErrorKind::io);
}

TEST(CheckpointStore, FallsBackToTheOneBeforeAndSaysWhy) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 3);
    for (const std::int64_t step : {100, 200}) store.save(step, bytes_of(text_at(step)));
    put(store.path_of(300), "damaged");
    std::filesystem::create_directory(store.path_of(400));
    const auto loaded = store.load_newest(validate);
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->step, 200);
    EXPECT_EQ(text_of(loaded->bytes), text_at(200));
    EXPECT_EQ(loaded->skipped, (Names{store.path_of(400) + ": not a regular file", store.path_of(300) + ": checksum mismatch"}));
}

TEST(CheckpointStore, NeverStartsAfreshWhereAllAreRejected) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 3);
    for (const std::int64_t step : {1, 2}) put(store.path_of(step), "damaged");
    try {
        store.load_newest(validate);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        EXPECT_EQ(error.what(), scratch.path() + ": none of its 2 checkpoints can be used\n  " + store.path_of(2) +
                                    ": checksum mismatch\n  " + store.path_of(1) + ": checksum mismatch");
    }
}

TEST(CheckpointStore, LetsOtherErrorsOfTheValidationPass) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 3);
    store.save(1, bytes_of(text_at(1)));
    const auto out_of_memory = [](std::span<const std::byte>, const std::string&) { fail(ErrorKind::memory, "no room"); };
    EXPECT_EQ(kind_of([&] { store.load_newest(out_of_memory); }), ErrorKind::memory);
}

TEST(CheckpointStore, OutlivesRejectedOnesThatAreNewer) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 2);
    store.save(100, bytes_of(text_at(100)));
    for (const std::int64_t step : {150, 200, 300, 400}) put(store.path_of(step), "damaged");
    ASSERT_EQ(store.load_newest(validate)->step, 100);
    // A rejected one never displaces a good one, and goes once the run has passed it.
    store.save(120, bytes_of(text_at(120)));
    EXPECT_EQ(store.steps(), (Steps{100, 120, 150, 200, 300, 400}));
    store.save(200, bytes_of(text_at(200)));
    EXPECT_EQ(store.steps(), (Steps{120, 200, 300, 400}));
    EXPECT_EQ(CheckpointStore(posix_io(), scratch.path()).load_newest(validate)->step, 200);
    store.save(500, bytes_of(text_at(500)));
    EXPECT_EQ(store.steps(), (Steps{200, 500}));
}

TEST(CheckpointStore, RefusesToSaveBehindTheCheckpointsOfAnotherRun) {
    const ScratchDirectory scratch;
    CheckpointStore(posix_io(), scratch.path()).save(1000, bytes_of(text_at(1000)));
    CheckpointStore store(posix_io(), scratch.path());
    EXPECT_EQ(kind_of([&] { store.save(10, bytes_of(text_at(10))); }), ErrorKind::usage);
    EXPECT_EQ(store.steps(), Steps{1000});
    EXPECT_EQ(contents(store.path_of(1000)), text_at(1000));
    store.clear();
    store.save(10, bytes_of(text_at(10)));
    EXPECT_EQ(store.steps(), Steps{10});
}

TEST(CheckpointStore, LeavesForeignFilesAloneAndRemovesStaleTemporariesOfAnyCheckpoint) {
    const ScratchDirectory scratch;
    Names expected{"checkpoint-00000000001.safetensors",
                   "checkpoint-0000000000011.safetensors",
                   "checkpoint-00000000000a.safetensors",
                   "checkpoint-000000000001.safetensors.bak",
                   "checkpoint.safetensors.tmp-1-1",
                   "notes.txt",
                   "model.safetensors.tmp-7-7"};
    for (const std::string& name : expected) put(scratch.file(name), "foreign");
    put(scratch.file("checkpoint-000000000001.safetensors.tmp-7-1"), "stale");
    put(scratch.file("checkpoint-000000000009.safetensors.tmp-7-2"), "stale");
    CheckpointStore store(posix_io(), scratch.path(), 1);
    for (const std::int64_t step : {20, 30}) EXPECT_TRUE(store.save(step, bytes_of(text_at(step))).empty());
    expected.emplace_back("checkpoint-000000000030.safetensors");
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(scratch.names(), expected);
    put(scratch.file("checkpoint-000000000001.safetensors.tmp-7-1"), "stale");
    store.clear();
    std::erase(expected, "checkpoint-000000000030.safetensors");
    EXPECT_EQ(scratch.names(), expected);
}

TEST(CheckpointStore, ReportsWhatItCannotTidyAway) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path(), 1);
    store.save(1, bytes_of(text_at(1)));
    std::filesystem::create_directory(store.path_of(0));  // which unlink cannot remove
    const auto problems = store.save(2, bytes_of(text_at(2)));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_TRUE(problems[0].starts_with("unlink " + store.path_of(0) + ": ")) << problems[0];
    EXPECT_EQ(store.steps(), (Steps{0, 2}));
}

TEST(CheckpointStore, RefusesStepsAndCountsOutOfRange) {
    const ScratchDirectory scratch;
    CheckpointStore store(posix_io(), scratch.path());
    for (const std::int64_t step : {std::int64_t{-1}, std::int64_t{1'000'000'000'000}})
        EXPECT_EQ(kind_of([&] { store.save(step, bytes_of("x")); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { CheckpointStore(posix_io(), scratch.path(), 0); }), ErrorKind::usage);
    store.save(999'999'999'999, bytes_of(text_at(999'999'999'999)));
    EXPECT_EQ(store.load_newest(validate)->step, 999'999'999'999);
    EXPECT_EQ(scratch.names().size(), 1u);
}

}  // namespace
}  // namespace glissade
