// SPDX-License-Identifier: Apache-2.0
#include "host/train/io.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
using test::ScratchDirectory;

void write_plainly(Io& io, const std::string& path, const std::string& text) {
    File file = File::create(io, path);
    file.write_all(bytes_of(text));
    file.sync();
    file.close();
}

std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
        return error.what();
    }
    return "(no error)";
}

TEST(Io, CarriesOnAfterAnInterruptedCall) {
    // create, write, fsync are retried; close must not be, and says nothing.
    for (std::int64_t at = 0; at < 4; ++at) {
        const ScratchDirectory scratch;
        FaultIo io({.at = at, .error = EINTR});
        write_plainly(io, scratch.file("a"), "some text");
        ASSERT_TRUE(io.met());
        EXPECT_EQ(contents(scratch.file("a")), "some text");
        EXPECT_EQ(io.calls().size(), io.faulty_call() == "close" ? 4u : 5u);
    }
}

TEST(Io, CarriesOnAfterAShortWrite) {
    const ScratchDirectory scratch;
    FaultIo io({.at = 1, .kind = Fault::Kind::short_write});
    write_plainly(io, scratch.file("a"), "some text");
    EXPECT_EQ(contents(scratch.file("a")), "some text");
    EXPECT_EQ(io.calls().size(), 5u);
}

TEST(Io, NamesTheCallThePathAndTheReason) {
    for (std::int64_t at = 0; at < 4; ++at) {
        const ScratchDirectory scratch;
        FaultIo io({.at = at, .error = ENOSPC});
        const std::string message = message_of([&] { write_plainly(io, scratch.file("a"), "text"); });
        EXPECT_EQ(message, io.faulty_call() + " " + scratch.file("a") + ": " + std::strerror(ENOSPC));
    }
}

TEST(Io, NeverCreatesOverAnExistingFile) {
    const ScratchDirectory scratch;
    test::put(scratch.file("a"), "old");
    EXPECT_FALSE(File::create(posix_io(), scratch.file("a")).open());
    EXPECT_EQ(contents(scratch.file("a")), "old");
}

TEST(Io, ReadsAWholeFile) {
    const ScratchDirectory scratch;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{100'001}}) {
        const std::string text(size, 'x');
        test::put(scratch.file("a"), text);
        const auto bytes = read_file(posix_io(), scratch.file("a"));
        EXPECT_TRUE(std::ranges::equal(bytes, bytes_of(text))) << size;
    }
}

TEST(Io, ReportsAReadThatFailsOrNoFileToRead) {
    const ScratchDirectory scratch;
    test::put(scratch.file("a"), "text");
    const auto reason = [](int error) { return std::string(": ") + std::strerror(error); };
    for (std::int64_t at = 0; at < 4; ++at) {
        FaultIo io({.at = at});
        const std::string message = message_of([&] { read_file(io, scratch.file("a")); });
        EXPECT_EQ(message, io.faulty_call() + " " + scratch.file("a") + reason(EIO));
    }
    EXPECT_EQ(message_of([&] { read_file(posix_io(), scratch.file("b")); }), "open " + scratch.file("b") + reason(ENOENT));
    EXPECT_EQ(message_of([&] { read_file(posix_io(), scratch.path()); }), scratch.path() + ": not a regular file");
    ASSERT_EQ(::mkfifo(scratch.file("pipe").c_str(), 0600), 0);
    EXPECT_EQ(message_of([&] { read_file(posix_io(), scratch.file("pipe")); }), scratch.file("pipe") + ": not a regular file");
}

TEST(Io, NoticesAFileThatChangesWhileItIsRead) {
    for (const std::string now : {"", "longer than before"}) {
        const ScratchDirectory scratch;
        test::put(scratch.file("a"), "before");
        FaultIo io;
        bool changed = false;
        io.before_each = [&](const std::string& call) {
            if (call == "read a" && !std::exchange(changed, true)) test::put(scratch.file("a"), now);
        };
        EXPECT_EQ(message_of([&] { read_file(io, scratch.file("a")); }),
                  "read " + scratch.file("a") + ": its size changed while it was read");
    }
}

TEST(Io, MakesMissingParentDirectoriesDurably) {
    const ScratchDirectory scratch;
    FaultIo io;
    make_directories(io, scratch.file("a/b/c"));
    EXPECT_TRUE(std::filesystem::is_directory(scratch.file("a/b/c")));
    EXPECT_EQ(std::ranges::count(io.calls(), "fsync a"), 1);
    EXPECT_EQ(std::ranges::count(io.calls(), "fsync b"), 1);
    make_directories(io, scratch.file("a/b/c/"));
    test::put(scratch.file("file"), "");
    EXPECT_NE(message_of([&] { make_directories(io, scratch.file("file")); }), "(no error)");
    EXPECT_NE(message_of([&] { make_directories(io, scratch.file("file/under")); }), "(no error)");
}

TEST(Io, KnowsTheParentOfAPath) {
    EXPECT_EQ(parent_directory("a"), ".");
    EXPECT_EQ(parent_directory("a/"), ".");
    EXPECT_EQ(parent_directory("a/b"), "a");
    EXPECT_EQ(parent_directory("a//b/"), "a");
    EXPECT_EQ(parent_directory("/a"), "/");
    EXPECT_EQ(parent_directory("/"), "/");
    EXPECT_EQ(parent_directory(""), ".");
}

TEST(Io, LocksAgainstOthersUntilClosed) {
    const ScratchDirectory scratch;
    File writer = File::create(posix_io(), scratch.file("a"));
    EXPECT_EQ(writer.try_lock(), File::Lock::taken);
    File other = File::open_to_lock(posix_io(), scratch.file("a"));
    EXPECT_EQ(other.try_lock(), File::Lock::held_elsewhere);
    writer.close();
    EXPECT_EQ(other.try_lock(), File::Lock::taken);
}

TEST(Io, FailsAtTheFileSizeLimitInsteadOfDying) {
    const ScratchDirectory scratch;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_DFL);
        const rlimit limit{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        bool clear_error = false;
        try {
            write_plainly(posix_io(), scratch.file("a"), std::string(10'000, 'x'));
        } catch (const Error& error) {
            clear_error = std::string(error.what()).ends_with(std::strerror(EFBIG));
        }
        sigset_t pending;
        ::sigpending(&pending);
        sigset_t blocked;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        ::_exit(clear_error && sigismember(&pending, SIGXFSZ) == 0 && sigismember(&blocked, SIGXFSZ) == 0 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << (WIFSIGNALED(status) ? "died of a signal" : "no clear error, or the signal was left behind");
}

}  // namespace
}  // namespace glissade
