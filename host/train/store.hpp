// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "host/train/atomic_file.hpp"

namespace glissade {

struct LoadedCheckpoint {
    std::int64_t step = 0;
    std::vector<std::byte> bytes;
    std::vector<std::string> skipped;  ///< why each newer one was rejected, newest first
};

/// The checkpoints of one run: files `checkpoint-<step, 12 digits>.safetensors` in one directory, of which the newest few are kept.
/// The newest is found by scanning. Files of other names are never touched. One process at a time writes to a directory.
class CheckpointStore {
public:
    /// Throws Error by its kind io or data to reject what it is given; any other error ends the search.
    using Validate = std::function<void(std::span<const std::byte> bytes, const std::string& path)>;

    CheckpointStore(Io& io, std::string directory, std::int64_t keep = 3);

    /// Creates the directory if need be, writes the checkpoint as write_file_atomically does and then removes what the newest `keep`
    /// make superfluous. Space on disk: at most keep + 1 files while it writes, besides newer ones that load_newest rejected; those
    /// are removed once the run has passed them. Returns what could not be tidied away: the checkpoint is safe all the same.
    /// Throws Error(io) if the checkpoint could not be saved: the earlier ones are untouched. Throws Error(usage), with nothing
    /// written, where a newer checkpoint lies that this store has not rejected: it belongs to another run, or this run should resume.
    std::vector<std::string> save(std::int64_t step, std::span<const std::byte> bytes);

    /// The newest checkpoint that can be read and that `validate` accepts; nothing if there is none at all. Throws Error(data) with
    /// every reason if there are some and all are rejected, Error(io) if the directory cannot be read. Changes nothing on disk.
    std::optional<LoadedCheckpoint> load_newest(const Validate& validate);

    /// Removes every checkpoint and every temporary of a dead writer: for a run that starts anew on purpose. Throws Error(io).
    void clear();

    /// Ascending.
    std::vector<std::int64_t> steps() const;
    std::string path_of(std::int64_t step) const;

private:
    std::vector<std::string> remove_superfluous(std::int64_t saved_step) const;

    Io& io_;
    std::string directory_;
    std::int64_t keep_;
    std::set<std::int64_t> rejected_;
};

}  // namespace glissade
