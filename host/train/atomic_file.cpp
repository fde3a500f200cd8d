// SPDX-License-Identifier: Apache-2.0
#include "host/train/atomic_file.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "glissade/error.hpp"

namespace glissade {
namespace {

constexpr std::string_view temporary_mark = ".tmp-";
constexpr std::size_t verify_chunk_bytes = std::size_t{1} << 20;

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The name that a temporary stands in for; empty for any other file name.
std::string_view temporary_target(std::string_view name) {
    const std::size_t mark = name.rfind(temporary_mark);
    if (mark == std::string_view::npos) return {};
    const std::string_view tail = name.substr(mark + temporary_mark.size());
    const std::size_t dash = tail.find('-');
    if (dash == std::string_view::npos || !all_digits(tail.substr(0, dash)) || !all_digits(tail.substr(dash + 1))) return {};
    return name.substr(0, mark);
}

/// A file beside its target, locked against the tidying of others; removed again unless it took its target's place.
class Temporary {
public:
    Temporary(Io& io, const std::string& target) : io_(io), target_(target), file_(create()) {}
    ~Temporary() {
        if (!renamed_) io_.unlink(path_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    const std::string& path() const { return path_; }
    File& file() { return file_; }
    void take_place() {
        rename_file(io_, path_, target_);
        renamed_ = true;
    }

private:
    File create() {
        static std::atomic<std::int64_t> count{0};
        for (int attempt = 0; attempt < 1000; ++attempt) {
            path_ = target_ + std::string(temporary_mark) + std::to_string(::getpid()) + "-" + std::to_string(count++);
            File file = File::create(io_, path_);
            if (file.open() && owns(file)) return file;
        }
        fail(ErrorKind::io, "create " + target_ + ": no free name for the temporary file beside it");
    }

    /// False where another process tidied the file away between its creation and its lock.
    bool owns(File& file) {
        try {
            return file.try_lock() != File::Lock::held_elsewhere && file.stat().st_nlink > 0;
        } catch (...) {
            io_.unlink(path_.c_str());
            throw;
        }
    }

    Io& io_;
    std::string target_;
    std::string path_;
    bool renamed_ = false;
    File file_;
};

void remove_if_writer_is_dead(Io& io, const std::string& path) {
    File file = File::open_to_lock(io, path);
    if (S_ISREG(file.stat().st_mode) && file.try_lock() == File::Lock::taken) remove_file(io, path);
}

std::string name_of_target(const std::string& target, const std::string& path) {
    std::string name = target.substr(target.find_last_of('/') + 1);
    if (name.empty()) fail(ErrorKind::io, "write " + path + ": no file name");
    return name;
}

struct CloseHashState {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

/// The device has what we gave it, as far as reading can tell: some network and overlay file systems drop bytes without a word.
void verify(Io& io, const std::string& path, std::span<const std::byte> expected) {
    const std::unique_ptr<XXH3_state_t, CloseHashState> state(XXH3_createState());
    std::vector<std::byte> chunk(std::min(expected.size() + 1, verify_chunk_bytes));
    if (!state || XXH3_128bits_reset(state.get()) != XXH_OK) fail(ErrorKind::memory, "no memory for the check of " + path);
    File file = File::open_to_read(io, path);
    std::size_t total = 0;
    while (const std::size_t got = file.read_some(chunk)) {
        XXH3_128bits_update(state.get(), chunk.data(), got);
        total += got;
    }
    if (total != expected.size()) {
        fail(ErrorKind::io,
             "read back " + path + ": " + std::to_string(total) + " bytes instead of the " + std::to_string(expected.size()) + " written");
    }
    if (!XXH128_isEqual(XXH3_128bits_digest(state.get()), XXH3_128bits(expected.data(), expected.size())))
        fail(ErrorKind::io, "read back " + path + ": the bytes differ from those written");
}

}  // namespace

std::vector<std::string> remove_stale_temporaries(Io& io, const std::string& directory,
                                                  const std::function<bool(std::string_view)>& is_ours) {
    std::vector<std::string> problems;
    try {
        for (const std::string& name : list_directory(io, directory)) {
            const std::string_view target = temporary_target(name);
            if (target.empty() || !is_ours(target)) continue;
            try {
                remove_if_writer_is_dead(io, directory + "/" + name);
            } catch (const Error& error) {
                problems.emplace_back(error.what());
            }
        }
    } catch (const Error& error) {
        problems.emplace_back(error.what());
    }
    return problems;
}

void check_writable(Io& io, const std::string& path) {
    const std::string target = resolve_links(io, path);
    File::open_directory(io, parent_directory(target)).close();
    regular_file_exists(io, target);
    name_of_target(target, path);
    const Temporary probe(io, target);
}

void write_file_atomically(Io& io, const std::string& path, std::span<const std::byte> bytes) {
    const std::string target = resolve_links(io, path);
    const std::string directory_path = parent_directory(target);
    // Opened now, so that after the rename one call alone is left that can fail.
    File directory = File::open_directory(io, directory_path);
    regular_file_exists(io, target);
    const std::string name = name_of_target(target, path);
    remove_stale_temporaries(io, directory_path, [&](std::string_view of) { return of == name; });

    Temporary temporary(io, target);
    temporary.file().write_all(bytes);
    verify(io, temporary.path(), bytes);
    temporary.file().sync();
    // Closed, and so unlocked, only after the rename: what close could report, fsync has.
    temporary.take_place();
    try {
        directory.sync_names();
    } catch (const Error& error) {
        fail(ErrorKind::io, std::string(error.what()) + "; " + target + " is in place, complete, but may not survive a loss of power");
    }
}

}  // namespace glissade
