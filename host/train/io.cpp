// SPDX-License-Identifier: Apache-2.0
#include "host/train/io.hpp"

#include <fcntl.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "glissade/error.hpp"

namespace glissade {
namespace {

[[noreturn]] void fail_call(const char* call, const std::string& path) {
    const int reason = errno;
    // generic_category's text is strerror's, from a function that threads may share.
    fail(ErrorKind::io, std::string(call) + " " + path + ": " + std::generic_category().message(reason));
}

template <class Call>
auto retry_interrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

}  // namespace

File::File(Io& io, std::string path, int descriptor) : io_(&io), path_(std::move(path)), descriptor_(descriptor) {}

File::File(File&& other) noexcept : io_(other.io_), path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File::~File() {
    if (open()) io_->close(descriptor_);
}

File File::open_existing(Io& io, const std::string& path, const char* call, int flags) {
    File file(io, path, -1);  // first: once the descriptor is there, nothing may fail before it has an owner
    file.descriptor_ = retry_interrupted([&] { return io.open(path.c_str(), flags, 0); });
    if (!file.open()) fail_call(call, path);
    return file;
}

// O_NONBLOCK: a named pipe in the place of a file must not hang us; regular files do not care.
File File::open_to_read(Io& io, const std::string& path) {
    return open_existing(io, path, "open", O_RDONLY | O_NONBLOCK);
}

File File::open_to_lock(Io& io, const std::string& path) {
    return open_existing(io, path, "open", O_RDWR | O_NONBLOCK);
}

File File::open_directory(Io& io, const std::string& path) {
    return open_existing(io, path, "open directory", O_RDONLY | O_DIRECTORY);
}

File File::create(Io& io, const std::string& path) {
    File file(io, path, -1);
    file.descriptor_ = retry_interrupted([&] { return io.open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666); });
    if (!file.open() && errno != EEXIST) fail_call("create", path);
    return file;
}

void File::write_all(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = retry_interrupted([&] { return io_->write(descriptor_, bytes.data(), bytes.size()); });
        if (written < 0) fail_call("write", path_);
        if (written == 0) fail(ErrorKind::io, "write " + path_ + ": the system took no bytes and gave no reason");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

std::size_t File::read_some(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t got = retry_interrupted([&] { return io_->read(descriptor_, out.data() + filled, out.size() - filled); });
        if (got < 0) fail_call("read", path_);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    return filled;
}

void File::sync() {
    if (retry_interrupted([&] { return io_->fsync(descriptor_); }) < 0) fail_call("fsync", path_);
}

void File::sync_names() {
    if (retry_interrupted([&] { return io_->fsync(descriptor_); }) < 0 && errno != EINVAL) fail_call("fsync directory", path_);
}

void File::close() {
    // Never retried: after EINTR the descriptor is gone already and may be another thread's by now.
    if (io_->close(std::exchange(descriptor_, -1)) < 0 && errno != EINTR) fail_call("close", path_);
}

struct ::stat File::stat() const {
    struct ::stat status {};
    if (io_->fstat(descriptor_, status) < 0) fail_call("fstat", path_);
    return status;
}

File::Lock File::try_lock() {
    if (retry_interrupted([&] { return io_->lock(descriptor_); }) == 0) return Lock::taken;
    if (errno == EWOULDBLOCK) return Lock::held_elsewhere;
    if (errno == ENOSYS || errno == ENOLCK || errno == EOPNOTSUPP || errno == EINVAL) return Lock::unsupported;
    fail_call("flock", path_);
}

void rename_file(Io& io, const std::string& from, const std::string& to) {
    if (io.rename(from.c_str(), to.c_str()) < 0) fail_call("rename", from + " to " + to);
}

void remove_file(Io& io, const std::string& path) {
    if (io.unlink(path.c_str()) < 0 && errno != ENOENT) fail_call("unlink", path);
}

bool regular_file_exists(Io& io, const std::string& path) {
    struct ::stat status {};
    if (io.stat(path.c_str(), status) < 0) {
        if (errno == ENOENT) return false;
        fail_call("stat", path);
    }
    if (!S_ISREG(status.st_mode)) fail(ErrorKind::io, path + ": not a regular file");
    return true;
}

std::vector<std::string> list_directory(Io& io, const std::string& path) {
    std::vector<std::string> names;
    if (io.list(path.c_str(), names) < 0) fail_call("list directory", path);
    return names;
}

void make_directories(Io& io, const std::string& path) {
    if (io.mkdir(path.c_str()) < 0) {
        if (errno == EEXIST) {
            File::open_directory(io, path).close();
            return;
        }
        const std::string parent = parent_directory(path);
        if (errno != ENOENT || parent == path) fail_call("mkdir", path);
        make_directories(io, parent);
        if (io.mkdir(path.c_str()) < 0 && errno != EEXIST) fail_call("mkdir", path);
    }
    File::open_directory(io, parent_directory(path)).sync_names();
}

std::string resolve_links(Io& io, const std::string& path) {
    std::string resolved;
    if (io.real_path(path.c_str(), resolved) == 0) return resolved;
    if (errno != ENOENT) fail_call("realpath", path);
    return path;
}

std::vector<std::byte> read_file(Io& io, const std::string& path) {
    File file = File::open_to_read(io, path);
    const struct ::stat status = file.stat();
    if (!S_ISREG(status.st_mode)) fail(ErrorKind::io, path + ": not a regular file");
    std::vector<std::byte> bytes;
    try {
        bytes.resize(static_cast<std::size_t>(status.st_size));
    } catch (const std::bad_alloc&) {
        fail(ErrorKind::memory, "read " + path + ": no memory for its " + std::to_string(status.st_size) + " bytes");
    }
    std::byte beyond{};
    if (file.read_some(bytes) != bytes.size() || file.read_some({&beyond, 1}) != 0)
        fail(ErrorKind::io, "read " + path + ": its size changed while it was read");
    return bytes;
}

std::string parent_directory(const std::string& path) {
    const std::size_t last = path.find_last_not_of('/');
    if (last == std::string::npos) return path.empty() ? "." : "/";
    const std::size_t slash = path.find_last_of('/', last);
    if (slash == std::string::npos) return ".";
    const std::size_t end = path.find_last_not_of('/', slash);
    return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

}  // namespace glissade
