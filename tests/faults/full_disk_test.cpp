// SPDX-License-Identifier: Apache-2.0
// Real limits of the system: a disk that is full, and a limit on the size of files.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/faults/small_run.hpp"
#include "tests/support/fault_figures.hpp"

namespace glissade {
namespace {

using namespace test;

/// A file system of `pages` pages of 4 KB in memory; may grow later.
class SmallDisk {
public:
    SmallDisk(std::string path, int pages) : path_(std::move(path)) {
        std::filesystem::create_directory(path_);
        mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, size(pages).c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    bool mounted() const { return mounted_; }
    bool grow() const { return ::mount("none", path_.c_str(), "tmpfs", MS_REMOUNT, size(1000).c_str()) == 0; }

private:
    static std::string size(int pages) { return "size=" + std::to_string(pages * 4) + "k"; }
    std::string path_;
    bool mounted_ = false;
};

std::string error_of_run(const SmallRun& run, const std::string& directory) {
    try {
        run.go(directory);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
        return error.what();
    }
    return "";
}

/// Whether the old model or the whole new one lies there, and the run can be finished once the limit is gone.
::testing::AssertionResult unharmed(const SmallRun& run, const std::string& directory, const std::string& message) {
    const std::string model = contents(directory + "/model");
    if (model != run.wanted() && (model != "the model before" || message.empty())) return ::testing::AssertionFailure() << "a broken model";
    return run.recovers(directory);
}

TEST(FullDisk, FailsTheSaveAndKeepsWhatWasSaved) {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        GTEST_SKIP() << "mounting a small file system needs root";
    const SmallRun run;
    const ScratchDirectory scratch;
    std::int64_t faults = 0, lost = 0;
    std::string message = "not begun";
    for (int pages = 1; !message.empty(); ++pages) {
        ASSERT_LT(pages, 100) << message;
        const std::string directory = scratch.file(std::to_string(pages));
        const SmallDisk disk(directory, pages);
        if (!disk.mounted()) GTEST_SKIP() << "this machine lets nobody mount a file system: " << std::strerror(errno);
        put(directory + "/model", "the model before");
        message = error_of_run(run, directory);
        SCOPED_TRACE(std::to_string(pages) + " pages: " + message);
        ASSERT_TRUE(disk.grow());
        const auto outcome = unharmed(run, directory, message);
        EXPECT_TRUE(outcome);
        if (message.empty()) break;
        EXPECT_NE(message.find(std::strerror(ENOSPC)), std::string::npos);
        ++faults;
        lost += outcome ? 0 : 1;
    }
    EXPECT_GE(faults, 3);
    testing::record_faults("full disk", faults, lost);
}

/// While it lives, no file of this process may grow past `bytes`.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

TEST(FileSizeLimited, FailsTheSaveAndKeepsWhatWasSaved) {
    const SmallRun run;
    std::int64_t faults = 0, lost = 0;
    std::string message = "not begun";
    for (rlim_t bytes = 0; !message.empty(); bytes += 61) {
        const ScratchDirectory scratch;
        put(scratch.file("model"), "the model before");
        {
            const FileSizeLimit limit(bytes);
            message = error_of_run(run, scratch.path());
        }
        SCOPED_TRACE(std::to_string(bytes) + " bytes: " + message);
        const auto outcome = unharmed(run, scratch.path(), message);
        EXPECT_TRUE(outcome);
        if (message.empty()) break;
        EXPECT_NE(message.find(std::strerror(EFBIG)), std::string::npos);
        ++faults;
        lost += outcome ? 0 : 1;
    }
    EXPECT_GE(faults, 20);
    testing::record_faults("file-size limit", faults, lost);
}

}  // namespace
}  // namespace glissade
