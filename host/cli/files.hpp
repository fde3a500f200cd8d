// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::cli {

inline constexpr std::int64_t max_config_bytes = std::int64_t{1} << 20;

/// Throws Error(io), Error(usage) if the file is longer than `max_bytes`.
std::string read_text(const std::string& path, std::int64_t max_bytes);
/// Whole or not at all. Throws Error(io).
void write_text(const std::string& path, std::string_view text);
/// At the end of a file, made if it is not there. Throws Error(io).
void append_text(const std::string& path, std::string_view text);
/// Everything to stdout. Throws Error(io) where it does not arrive: a full disk, a closed pipe.
void write_stdout(std::string_view text);
/// A line to stderr.
void note(std::string_view text);

}  // namespace glissade::cli
