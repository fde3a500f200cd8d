// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/train/io.hpp"

namespace glissade {

/// Puts `bytes` at `path` so that a reader, and a machine that dies at any moment, finds the old file or the new one, never a part.
/// Written aside in the same directory as `<name>.tmp-<process>-<count>`, read back and compared, fsynced, renamed, directory synced.
/// A symbolic link is followed; a path that is no regular file is refused. The new file has the process's default permissions.
/// Throws Error(io) with the call, the path and the reason. Then the temporary is gone (where unlink still works) and the old file
/// is untouched, with one exception that the message names: the last call, the sync of the directory, failed and the new file,
/// complete, is in place already.
/// The temporary is locked while it is written. Temporaries of `path` whose writer is dead are removed first; on a file system
/// without flock they stay.
void write_file_atomically(Io& io, const std::string& path, std::span<const std::byte> bytes);

/// Throws the Error(io) with which write_file_atomically would refuse `path`, as far as an empty temporary, made beside it and removed,
/// tells: a disk may still be full later.
void check_writable(Io& io, const std::string& path);

/// Removes the temporaries in `directory` whose writer is dead and whose target's file name `is_ours` accepts. Returns what failed:
/// what cannot be removed today must not keep a new file from being written.
std::vector<std::string> remove_stale_temporaries(Io& io, const std::string& directory,
                                                  const std::function<bool(std::string_view)>& is_ours);

}  // namespace glissade
