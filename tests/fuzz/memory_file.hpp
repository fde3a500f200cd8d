// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>

#include "glissade/error.hpp"

namespace glissade::fuzz {

/// A file in memory that has a name.
class MemoryFile {
public:
    MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {
        if (descriptor_ < 0) std::abort();
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    const std::string& path() const { return path_; }
    void hold(const void* data, std::size_t size) const {
        if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
    }

private:
    int descriptor_;
    std::string path_;
};

/// The only ways in which a reader may end: with a result, or with an error that is the file's fault and says so.
template <class Action>
void expect_a_verdict(const Action& action) {
    try {
        action();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::internal || std::string(error.what()).empty()) std::abort();
    }
}

/// Cuts bytes off the front of an input.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : data_(reinterpret_cast<const char*>(data)), size_(size) {}

    unsigned byte() {
        if (size_ == 0) return 0;
        --size_;
        return static_cast<unsigned char>(*data_++);
    }
    /// Up to the next newline, which is dropped.
    std::string line() {
        const std::string all = rest();
        const std::size_t end = all.find('\n');
        const std::size_t taken = end == std::string::npos ? all.size() : end + 1;
        data_ += taken, size_ -= taken;
        return all.substr(0, end);
    }
    std::string rest() const { return {data_, size_}; }
    const char* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    const char* data_;
    std::size_t size_;
};

}  // namespace glissade::fuzz
