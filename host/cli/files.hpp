// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::cli {

inline constexpr std::int64_t max_config_bytes = std::int64_t{1} << 20;

/// Throws Error(io), Error(usage) if the file is longer than `max_bytes`.
std::string read_text(const std::string& path, std::int64_t max_bytes);
/// Throws Error(io) that names `flag` if `path`, which it gave, cannot be written: its folder is missing or takes no files, or it is no
/// regular file itself. To be called before work whose result it will hold. Where `path` is a folder, `file_in_it` stands for what it will
/// hold.
void check_writable(std::string_view flag, const std::string& path, const std::string& file_in_it = "");
/// `path` itself, or the nearest folder above it that is there.
std::string existing_part(std::string path);
/// Whole or not at all. Throws Error(io).
void write_text(const std::string& path, std::string_view text);
/// At the end of a file, made if it is not there. Throws Error(io).
void append_text(const std::string& path, std::string_view text);
/// Everything to stdout. Throws Error(io) where it does not arrive: a full disk, a closed pipe.
void write_stdout(std::string_view text);
/// A line to stderr.
void note(std::string_view text);

}  // namespace glissade::cli
