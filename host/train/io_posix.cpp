// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "host/train/io.hpp"

namespace glissade {
namespace {

/// Keeps SIGXFSZ away from this thread while it lives: its default action would kill the program instead of failing the write.
class FileSizeSignalBlocked {
public:
    FileSizeSignalBlocked() {
        sigemptyset(&signal_);
        sigaddset(&signal_, SIGXFSZ);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
        pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    ~FileSizeSignalBlocked() {
        const int saved_errno = errno;
        if (!was_pending_) {
            const timespec no_wait{};
            sigtimedwait(&signal_, nullptr, &no_wait);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved_errno;
    }
    FileSizeSignalBlocked(const FileSizeSignalBlocked&) = delete;
    FileSizeSignalBlocked& operator=(const FileSizeSignalBlocked&) = delete;

private:
    sigset_t signal_;
    sigset_t before_;
    bool was_pending_;
};

class PosixIo final : public Io {
public:
    int open(const char* path, int flags, mode_t mode) override { return ::open(path, flags | O_CLOEXEC, mode); }
    ssize_t read(int descriptor, void* out, std::size_t bytes) override { return ::read(descriptor, out, bytes); }
    ssize_t write(int descriptor, const void* data, std::size_t bytes) override {
        const FileSizeSignalBlocked blocked;
        return ::write(descriptor, data, bytes);
    }
    int fsync(int descriptor) override { return ::fsync(descriptor); }
    int close(int descriptor) override { return ::close(descriptor); }
    int lock(int descriptor) override { return ::flock(descriptor, LOCK_EX | LOCK_NB); }
    int fstat(int descriptor, struct ::stat& out) override { return ::fstat(descriptor, &out); }
    int stat(const char* path, struct ::stat& out) override { return ::stat(path, &out); }
    int rename(const char* from, const char* to) override { return ::rename(from, to); }
    int unlink(const char* path) override { return ::unlink(path); }
    int mkdir(const char* path) override { return ::mkdir(path, 0777); }

    int list(const char* path, std::vector<std::string>& names_out) override {
        const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path), &::closedir);
        if (!directory) return -1;
        names_out.clear();
        errno = 0;
        while (const dirent* entry = ::readdir(directory.get())) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names_out.emplace_back(name);
            errno = 0;
        }
        return errno == 0 ? 0 : -1;
    }

    int real_path(const char* path, std::string& out) override {
        const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path, nullptr), &std::free);
        if (!resolved) return -1;
        out = resolved.get();
        return 0;
    }
};

}  // namespace

Io& posix_io() {
    static PosixIo io;
    return io;
}

}  // namespace glissade
