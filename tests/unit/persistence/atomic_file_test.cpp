// SPDX-License-Identifier: Apache-2.0
#include "host/train/atomic_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "glissade/error.hpp"
#include "tests/unit/persistence/fault_io.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade {
namespace {

using test::bytes_of;
using test::contents;
using test::Fault;
using test::FaultIo;
using test::put;
using test::ScratchDirectory;

using Names = std::vector<std::string>;

/// The message of the Error(io), empty if the call went through.
std::string write_error(Io& io, const std::string& path, const std::string& text) {
    try {
        write_file_atomically(io, path, bytes_of(text));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
        return error.what();
    }
    return "";
}

TEST(AtomicFile, WritesANewFileAndReplacesAnOldOne) {
    const ScratchDirectory scratch;
    // More than one chunk of the reading back, and the empty file.
    for (const std::string& text : {std::string("first"), std::string(3'000'000, 'x'), std::string(), std::string("last")}) {
        write_file_atomically(posix_io(), scratch.file("model"), bytes_of(text));
        EXPECT_EQ(contents(scratch.file("model")), text);
    }
    EXPECT_EQ(scratch.names(), Names{"model"});
}

TEST(AtomicFile, SyncsBeforeTheRenameAndTheDirectoryAfterIt) {
    const ScratchDirectory scratch;
    FaultIo io;
    write_file_atomically(io, scratch.file("model"), bytes_of("text"));
    std::string order;
    for (const std::string& call : io.calls()) {
        if (call.starts_with("write ")) order += "w";
        if (call.starts_with("read ") && !order.ends_with("r")) order += "r";
        if (call.starts_with("fsync model.tmp-")) order += "s";
        if (call.starts_with("rename model.tmp-")) order += "n";
        if (call == "fsync " + scratch.path().substr(scratch.path().find_last_of('/') + 1)) order += "d";
    }
    EXPECT_EQ(order, "wrsnd");
}

/// One save over an old file with one fault: what must hold whatever the fault was. False if the save made fewer calls than that.
bool drill(const Fault& fault) {
    const std::string old_text = "the old file";
    const std::string new_text = "the new file, which is longer";
    const ScratchDirectory scratch;
    const std::string path = scratch.file("model");
    put(path, old_text);
    put(scratch.file("model.tmp-1-1"), "left by a dead writer");
    FaultIo io(fault);
    const std::string message = write_error(io, path, new_text);
    if (!io.met()) return false;
    const std::string what = io.faulty_call() + ", errno " + std::to_string(fault.error) + ": " + message;
    const bool in_place = message.find("is in place, complete") != std::string::npos;
    if (fault.kind != Fault::Kind::performed) {
        EXPECT_EQ(contents(path), message.empty() || in_place ? new_text : old_text) << what;
        EXPECT_TRUE(!in_place || io.faulty_call() == "fsync" || fault.for_good) << what;
    } else {
        EXPECT_TRUE(contents(path) == new_text || (!message.empty() && contents(path) == old_text)) << what;
    }
    if (!message.empty() && !fault.for_good) {
        EXPECT_NE(message.find(io.faulty_call() == "list" ? "list directory" : io.faulty_call()), std::string::npos) << what;
    }
    if (!message.empty()) {
        EXPECT_NE(message.find(scratch.path()), std::string::npos) << what;
        EXPECT_NE(message.find(std::strerror(fault.error)), std::string::npos) << what;
    }
    if (!fault.for_good && fault.kind == Fault::Kind::refused) {
        for (const std::string& name : scratch.names())
            EXPECT_TRUE(name == "model" || name == "model.tmp-1-1") << name << " after " << what;
    }
    // The next save, on a healthy disk, needs nobody's help and leaves nothing behind.
    write_file_atomically(posix_io(), path, bytes_of("the newest"));
    EXPECT_EQ(contents(path), "the newest") << what;
    EXPECT_EQ(scratch.names(), Names{"model"}) << what;
    return true;
}

TEST(AtomicFile, KeepsTheOldFileWhicheverCallFails) {
    std::int64_t total = 0;
    for (const auto kind : {Fault::Kind::refused, Fault::Kind::performed, Fault::Kind::short_write}) {
        for (const int error : {EIO, ENOSPC, EDQUOT, EROFS}) {
            for (const bool for_good : {false, true}) {
                std::int64_t faults = 0;
                while (drill({.at = faults, .kind = kind, .for_good = for_good, .error = error})) ++faults;
                EXPECT_GE(faults, 15);
                total += faults;
            }
        }
    }
    RecordProperty("faults", std::to_string(total));
}

TEST(AtomicFile, NoticesBytesThatTheDiskLostOrChangedSilently) {
    for (const bool lost : {false, true}) {
        const ScratchDirectory scratch;
        put(scratch.file("model"), "old");
        FaultIo io;
        io.corrupt_silently = [&](std::string& data) {
            if (lost) {
                data.pop_back();
            } else {
                data[1] ^= 1;
            }
        };
        const std::string message = write_error(io, scratch.file("model"), "the new file");
        EXPECT_NE(message.find("read back " + scratch.file("model")), std::string::npos) << message;
        EXPECT_EQ(contents(scratch.file("model")), "old");
        EXPECT_EQ(scratch.names(), Names{"model"});
    }
}

TEST(AtomicFile, RemovesTemporariesOfDeadWritersOfItsOwnTargetOnly) {
    const ScratchDirectory scratch;
    const Names foreign{"model.tmp-", "model.tmp-1", "model.tmp-1-", "model.tmp-a-1", "model.tmp-1-1x", "other.tmp-1-1", "xmodel.tmp-1-1"};
    for (const std::string& name : foreign) put(scratch.file(name), "foreign");
    std::filesystem::create_directory(scratch.file("model.tmp-3-3"));
    put(scratch.file("model.tmp-1-1"), "stale");
    put(scratch.file("model.tmp-99999-12"), "stale");
    write_file_atomically(posix_io(), scratch.file("model"), bytes_of("text"));
    Names expected = foreign;
    expected.push_back("model");
    expected.push_back("model.tmp-3-3");
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(scratch.names(), expected);
}

TEST(AtomicFile, LeavesTheTemporaryOfALiveWriterAlone) {
    const ScratchDirectory scratch;
    FaultIo io;
    bool tried = false;
    io.before_each = [&](const std::string& call) {
        if (!call.starts_with("write ") && !call.starts_with("rename ")) return;
        const auto problems = remove_stale_temporaries(posix_io(), scratch.path(), [](std::string_view) { return true; });
        EXPECT_TRUE(problems.empty());
        EXPECT_EQ(scratch.names().size(), 1u);
        tried = true;
    };
    write_file_atomically(io, scratch.file("model"), bytes_of("text"));
    EXPECT_TRUE(tried);
    EXPECT_EQ(contents(scratch.file("model")), "text");
}

TEST(AtomicFile, TriesAgainWhereItsTemporaryIsTidiedAwayBeforeItIsLocked) {
    const ScratchDirectory scratch;
    FaultIo io;
    int tidied = 0;
    io.before_each = [&](const std::string& call) {
        if (!call.starts_with("flock ") || tidied++ > 0) return;
        remove_stale_temporaries(posix_io(), scratch.path(), [](std::string_view) { return true; });
        EXPECT_TRUE(scratch.names().empty());
    };
    write_file_atomically(io, scratch.file("model"), bytes_of("text"));
    EXPECT_EQ(tidied, 2);
    EXPECT_EQ(scratch.names(), Names{"model"});
}

TEST(AtomicFile, WorksWithoutFileLocks) {
    const ScratchDirectory scratch;
    FaultIo probe;
    write_file_atomically(probe, scratch.file("model"), bytes_of("old"));
    const auto at = std::ranges::find_if(probe.calls(), [](const std::string& call) { return call.starts_with("flock "); });
    ASSERT_NE(at, probe.calls().end());
    FaultIo io({.at = at - probe.calls().begin(), .error = ENOSYS});
    write_file_atomically(io, scratch.file("model"), bytes_of("new"));
    EXPECT_EQ(io.faulty_call(), "flock");
    EXPECT_EQ(contents(scratch.file("model")), "new");
}

TEST(AtomicFile, FollowsALinkAndRefusesWhatIsNoFile) {
    const ScratchDirectory scratch;
    std::filesystem::create_directory(scratch.file("folder"));
    put(scratch.file("folder/model"), "old");
    std::filesystem::create_symlink("folder/model", scratch.file("link"));
    write_file_atomically(posix_io(), scratch.file("link"), bytes_of("new"));
    EXPECT_TRUE(std::filesystem::is_symlink(scratch.file("link")));
    EXPECT_EQ(contents(scratch.file("folder/model")), "new");

    ASSERT_EQ(::mkfifo(scratch.file("pipe").c_str(), 0600), 0);
    for (const std::string& path : {scratch.file("folder"), scratch.file("pipe")}) {
        EXPECT_EQ(write_error(posix_io(), path, "text"), path + ": not a regular file");
    }
    EXPECT_NE(write_error(posix_io(), scratch.file("nowhere/model"), "text"), "");
    EXPECT_EQ(scratch.names(), (Names{"folder", "link", "pipe"}));
}

}  // namespace
}  // namespace glissade
