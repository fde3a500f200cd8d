// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/train/io.hpp"

namespace glissade::test {

/// Which call goes wrong, and how.
struct Fault {
    enum class Kind {
        refused,      ///< the call does nothing and fails
        performed,    ///< the call does its work and fails all the same, as a network file system may
        short_write,  ///< a write takes half the bytes and says so; any other call is refused
        killed,       ///< the process dies before the call
        killed_half,  ///< the process dies after half a write, after any other call
    };
    std::int64_t at = -1;  ///< counted from 0; -1: never
    Kind kind = Kind::refused;
    bool for_good = false;  ///< every later call is refused too
    int error = 5;          ///< errno; EIO
};

/// The real calls, with one fault among them. Records what was called as "<call> <file name>".
class FaultIo final : public Io {
public:
    explicit FaultIo(Fault fault = {}) : fault_(fault) {}

    bool met() const { return static_cast<std::int64_t>(calls_.size()) > fault_.at; }
    const std::vector<std::string>& calls() const { return calls_; }
    /// The call that went wrong, without its file name.
    std::string faulty_call() const;

    std::function<void(const std::string& call)> before_each;
    /// Changes what reaches the file while the caller is told that all went well.
    std::function<void(std::string& data)> corrupt_silently;

    int open(const char* path, int flags, mode_t mode) override;
    ssize_t read(int descriptor, void* out, std::size_t bytes) override;
    ssize_t write(int descriptor, const void* data, std::size_t bytes) override;
    int fsync(int descriptor) override;
    int close(int descriptor) override;
    int lock(int descriptor) override;
    int fstat(int descriptor, struct ::stat& out) override;
    int stat(const char* path, struct ::stat& out) override;
    int rename(const char* from, const char* to) override;
    int unlink(const char* path) override;
    int mkdir(const char* path) override;
    int list(const char* path, std::vector<std::string>& names_out) override;
    int real_path(const char* path, std::string& out) override;

private:
    template <class Call>
    auto pass(const std::string& name, const std::string& path, Call call) -> decltype(call());

    Fault fault_;
    Io& system_ = posix_io();  ///< taken now: a test may put this object in the place of posix_io() later
    std::vector<std::string> calls_;
    std::map<int, std::string> open_paths_;
};

}  // namespace glissade::test
