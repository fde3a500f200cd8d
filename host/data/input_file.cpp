// SPDX-License-Identifier: Apache-2.0
#include "host/data/input_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace glissade {
namespace {

[[noreturn]] void fail_call(const std::string& path, const char* call) {
    fail(ErrorKind::io, path + ": " + call + " failed: " + std::strerror(errno));
}

struct Descriptor {
    explicit Descriptor(int value) : fd(value) {}
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int fd;
};

/// A block of bytes that grows by doubling, within the budget.
class Buffer {
public:
    Buffer(const std::string& name, MemoryBudget& budget, std::int64_t first_bytes) : name_(name), budget_(budget) { grow(first_bytes); }
    ~Buffer() { std::free(data_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    void make_room() {
        if (used == capacity_) grow(2 * capacity_);
    }
    char* end() const { return data_ + used; }
    std::int64_t room() const { return capacity_ - used; }
    char* release() { return std::exchange(data_, nullptr); }

    std::int64_t used = 0;

private:
    void grow(std::int64_t bytes) {
        budget_.take(bytes - capacity_, name_ + ": the uncompressed file");
        auto* larger = static_cast<char*>(std::realloc(data_, static_cast<std::size_t>(bytes)));
        if (larger == nullptr) fail(ErrorKind::memory, name_ + ": could not allocate " + readable_bytes(bytes));
        data_ = larger;
        capacity_ = bytes;
    }

    const std::string& name_;
    MemoryBudget& budget_;
    char* data_ = nullptr;
    std::int64_t capacity_ = 0;
};

bool is_gzip(std::string_view bytes) {
    return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

/// The gzip trailer's size, a hint only (modulo 2^32, of the last member), bounded by what deflate can reach.
std::int64_t size_hint(std::string_view bytes) {
    std::uint32_t size = 0;
    if (bytes.size() >= 4) std::memcpy(&size, bytes.data() + bytes.size() - 4, 4);
    return std::clamp<std::int64_t>(size, 4096, static_cast<std::int64_t>(bytes.size()) * 1032 + 4096) + 1;
}

struct Inflater {
    explicit Inflater(const std::string& name) {
        if (inflateInit2(&stream, 15 + 16) != Z_OK) fail(ErrorKind::memory, name + ": could not start zlib");
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    z_stream stream{};
};

/// Inflates one gzip member from the front of `rest` and drops it there.
void inflate_member(const std::string& name, std::string_view& rest, Buffer& out) {
    Inflater inflater(name);
    z_stream& stream = inflater.stream;
    constexpr std::int64_t step = std::int64_t{1} << 30;  // zlib counts in 32 bits
    for (;;) {
        out.make_room();
        const auto in_bytes = static_cast<uInt>(std::min(static_cast<std::int64_t>(rest.size()), step));
        const auto out_bytes = static_cast<uInt>(std::min(out.room(), step));
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
        stream.avail_in = in_bytes;
        stream.next_out = reinterpret_cast<Bytef*>(out.end());
        stream.avail_out = out_bytes;
        const int code = inflate(&stream, Z_NO_FLUSH);
        rest.remove_prefix(in_bytes - stream.avail_in);
        out.used += out_bytes - stream.avail_out;
        if (code == Z_STREAM_END) return;
        if (code == Z_OK || (code == Z_BUF_ERROR && stream.avail_out == 0)) {
            if (!rest.empty() || stream.avail_out == 0) continue;
        } else if (code == Z_MEM_ERROR) {
            fail(ErrorKind::memory, name + ": zlib is out of memory");
        } else if (code != Z_BUF_ERROR) {
            fail(ErrorKind::data, name + ": the gzip stream is damaged (" + (stream.msg != nullptr ? stream.msg : "zlib error") + ")");
        }
        fail(ErrorKind::data, name + ": the gzip stream is cut short");
    }
}

}  // namespace

InputFile::InputFile(const std::string& path) : name_(path), owned_(nullptr, std::free) {}

std::shared_ptr<const InputFile> InputFile::none(const std::string& name) {
    return std::shared_ptr<const InputFile>(new InputFile(name));
}

InputFile::~InputFile() {
    if (mapped_ != nullptr) ::munmap(mapped_, mapped_bytes_);
}

std::shared_ptr<const InputFile> InputFile::open(const std::string& path, MemoryBudget& budget) {
    const std::shared_ptr<InputFile> file(new InputFile(path));
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.fd < 0) fail_call(path, "open");
    struct stat status {};
    if (::fstat(descriptor.fd, &status) != 0) fail_call(path, "stat");
    if (S_ISDIR(status.st_mode)) fail(ErrorKind::io, path + ": is a directory, not a data file");
    if (!S_ISREG(status.st_mode)) {
        file->read_all(descriptor.fd, budget);
    } else if (status.st_size > 0) {
        file->mapped_bytes_ = static_cast<std::size_t>(status.st_size);
        void* mapped = ::mmap(nullptr, file->mapped_bytes_, PROT_READ, MAP_PRIVATE, descriptor.fd, 0);
        if (mapped == MAP_FAILED) fail_call(path, "mmap");
        file->mapped_ = mapped;
        file->bytes_ = {static_cast<const char*>(mapped), file->mapped_bytes_};
    }
    if (is_gzip(file->bytes_)) file->inflate_all(budget);
    if (file->bytes_.empty()) fail(ErrorKind::data, path + ": the file is empty");
    return file;
}

void InputFile::read_all(int descriptor, MemoryBudget& budget) {
    Buffer buffer(name_, budget, std::int64_t{1} << 16);
    for (;;) {
        buffer.make_room();
        const ssize_t got = ::read(descriptor, buffer.end(), static_cast<std::size_t>(buffer.room()));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_call(name_, "read");
        if (got == 0) break;
        buffer.used += got;
    }
    bytes_ = {buffer.end() - buffer.used, static_cast<std::size_t>(buffer.used)};
    owned_.reset(buffer.release());
}

void InputFile::inflate_all(MemoryBudget& budget) {
    std::string_view rest = bytes_;
    Buffer buffer(name_, budget, size_hint(rest));
    do {
        inflate_member(name_, rest, buffer);
    } while (is_gzip(rest));
    if (!rest.empty()) fail(ErrorKind::data, name_ + ": " + std::to_string(rest.size()) + " bytes of junk after the gzip stream");
    bytes_ = {buffer.end() - buffer.used, static_cast<std::size_t>(buffer.used)};
    owned_.reset(buffer.release());
    if (mapped_ != nullptr) ::munmap(std::exchange(mapped_, nullptr), mapped_bytes_);
}

}  // namespace glissade
