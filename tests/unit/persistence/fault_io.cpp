// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/persistence/fault_io.hpp"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>

namespace glissade::test {

template <class Call>
auto FaultIo::pass(const std::string& name, const std::string& path, Call call) -> decltype(call()) {
    const auto index = static_cast<std::int64_t>(calls_.size());
    calls_.push_back(name + " " + path.substr(path.find_last_of('/') + 1));
    if (before_each) before_each(calls_.back());
    if (index < fault_.at || fault_.at < 0 || (index > fault_.at && !fault_.for_good)) return call();
    if (index > fault_.at) {
        errno = fault_.error;
        return -1;
    }
    switch (fault_.kind) {
        case Fault::Kind::killed:
            ::raise(SIGKILL);
            break;
        case Fault::Kind::killed_half:
            call();
            ::raise(SIGKILL);
            break;
        case Fault::Kind::performed:
            call();
            break;
        default:
            break;
    }
    errno = fault_.error;
    return -1;
}

std::string FaultIo::faulty_call() const {
    const std::string& call = calls_.at(static_cast<std::size_t>(fault_.at));
    return call.substr(0, call.find(' '));
}

int FaultIo::open(const char* path, int flags, mode_t mode) {
    const int descriptor = pass((flags & O_CREAT) != 0 ? "create" : "open", path, [&] { return system_.open(path, flags, mode); });
    if (descriptor >= 0) open_paths_[descriptor] = path;
    return descriptor;
}

ssize_t FaultIo::read(int descriptor, void* out, std::size_t bytes) {
    return pass("read", open_paths_[descriptor], [&] { return system_.read(descriptor, out, bytes); });
}

ssize_t FaultIo::write(int descriptor, const void* data, std::size_t bytes) {
    const bool faulty = static_cast<std::int64_t>(calls_.size()) == fault_.at;
    const bool half = faulty && (fault_.kind == Fault::Kind::short_write || fault_.kind == Fault::Kind::killed_half);
    std::string passed(static_cast<const char*>(data), half ? bytes / 2 : bytes);
    if (corrupt_silently) {
        calls_.push_back("write " + open_paths_[descriptor]);
        corrupt_silently(passed);
        system_.write(descriptor, passed.data(), passed.size());
        return static_cast<ssize_t>(bytes);
    }
    const auto call = [&] { return system_.write(descriptor, passed.data(), passed.size()); };
    if (faulty && fault_.kind == Fault::Kind::short_write) {
        calls_.push_back("write " + open_paths_[descriptor]);
        return call();
    }
    return pass("write", open_paths_[descriptor], call);
}

int FaultIo::fsync(int descriptor) {
    return pass("fsync", open_paths_[descriptor], [&] { return system_.fsync(descriptor); });
}

int FaultIo::close(int descriptor) {
    bool closed = false;
    const auto call = [&] {
        closed = true;
        return system_.close(descriptor);
    };
    const int result = pass("close", open_paths_[descriptor], call);
    // A descriptor is gone whatever close says; without this a test of a thousand faults would run out of them.
    const int saved_errno = errno;
    if (!closed) system_.close(descriptor);
    errno = saved_errno;
    open_paths_.erase(descriptor);
    return result;
}

int FaultIo::lock(int descriptor) {
    return pass("flock", open_paths_[descriptor], [&] { return system_.lock(descriptor); });
}

int FaultIo::fstat(int descriptor, struct ::stat& out) {
    return pass("fstat", open_paths_[descriptor], [&] { return system_.fstat(descriptor, out); });
}

int FaultIo::stat(const char* path, struct ::stat& out) {
    return pass("stat", path, [&] { return system_.stat(path, out); });
}

int FaultIo::rename(const char* from, const char* to) {
    return pass("rename", from, [&] { return system_.rename(from, to); });
}

int FaultIo::unlink(const char* path) {
    return pass("unlink", path, [&] { return system_.unlink(path); });
}

int FaultIo::mkdir(const char* path) {
    return pass("mkdir", path, [&] { return system_.mkdir(path); });
}

int FaultIo::list(const char* path, std::vector<std::string>& names_out) {
    return pass("list", path, [&] { return system_.list(path, names_out); });
}

int FaultIo::real_path(const char* path, std::string& out) {
    return pass("realpath", path, [&] { return system_.real_path(path, out); });
}

}  // namespace glissade::test
