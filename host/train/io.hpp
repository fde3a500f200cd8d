// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace glissade {

/// The system calls that the store makes and nothing else, in their own convention: -1 and errno on failure.
/// Everything that the library writes goes through it, so that a test can make any single call fail.
class Io {
public:
    virtual ~Io() = default;
    virtual int open(const char* path, int flags, mode_t mode) = 0;
    virtual ssize_t read(int descriptor, void* out, std::size_t bytes) = 0;
    virtual ssize_t write(int descriptor, const void* data, std::size_t bytes) = 0;
    virtual int fsync(int descriptor) = 0;
    virtual int close(int descriptor) = 0;
    virtual int lock(int descriptor) = 0;  ///< flock, exclusive and without waiting
    virtual int fstat(int descriptor, struct ::stat& out) = 0;
    virtual int stat(const char* path, struct ::stat& out) = 0;
    virtual int rename(const char* from, const char* to) = 0;
    virtual int unlink(const char* path) = 0;
    virtual int mkdir(const char* path) = 0;
    virtual int list(const char* path, std::vector<std::string>& names_out) = 0;  ///< without "." and ".."
    virtual int real_path(const char* path, std::string& out) = 0;
};

/// The calls of the operating system. Writing past the file-size limit fails with EFBIG; the SIGXFSZ that comes with it is swallowed.
Io& posix_io();

/// An open file. The checked face of Io: EINTR is retried, a short transfer continued, anything else is Error(io) that names the
/// call, the path and the system's reason. The destructor closes and ignores what close says; writers call close().
class File {
public:
    static File open_to_read(Io& io, const std::string& path);
    /// Opened for writing too, which an exclusive lock needs on some network file systems.
    static File open_to_lock(Io& io, const std::string& path);
    static File open_directory(Io& io, const std::string& path);
    /// A new file, never an existing one: where `path` is taken, the result is not open().
    static File create(Io& io, const std::string& path);

    File(File&& other) noexcept;
    File& operator=(File&&) = delete;
    File(const File&) = delete;
    ~File();

    bool open() const noexcept { return descriptor_ >= 0; }
    void write_all(std::span<const std::byte> bytes);
    /// Fills `out` as far as the file goes; the count read is less than its size only at the end of the file.
    std::size_t read_some(std::span<std::byte> out);
    void sync();
    /// sync() of a directory: makes its names durable. A file system without such a call (EINVAL) is taken at its word.
    void sync_names();
    void close();
    struct ::stat stat() const;

    enum class Lock { taken, held_elsewhere, unsupported };
    /// Held until the file is closed, also by the death of the process.
    Lock try_lock();

private:
    File(Io& io, std::string path, int descriptor);
    static File open_existing(Io& io, const std::string& path, const char* call, int flags);
    Io* io_;
    std::string path_;
    int descriptor_;
};

/// Each throws Error(io) as File does.
void rename_file(Io& io, const std::string& from, const std::string& to);
/// A file that is already gone is no error.
void remove_file(Io& io, const std::string& path);
/// Whether anything has that name; throws Error(io) where it is no regular file (symbolic links are followed).
bool regular_file_exists(Io& io, const std::string& path);
std::vector<std::string> list_directory(Io& io, const std::string& path);
/// Creates `path` and its missing parents, durably; a directory that exists is no error.
void make_directories(Io& io, const std::string& path);
/// `path` with symbolic links resolved; unchanged where it does not exist.
std::string resolve_links(Io& io, const std::string& path);
/// The whole file. Memory: the file's size.
std::vector<std::byte> read_file(Io& io, const std::string& path);
/// The folder that holds `path`, "." for a bare name.
std::string parent_directory(const std::string& path);

}  // namespace glissade
