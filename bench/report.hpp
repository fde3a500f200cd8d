// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// What the benchmarks write with --json: one object that says where, when and how it was measured, then the figures.
namespace glissade::bench {

/// The words of a command line, to be repeated.
std::string command_of(int argc, char** argv);

/// As printf writes it.
[[gnu::format(printf, 1, 2)]] std::string formatted(const char* format, ...);

/// "[...]" with an item a line.
std::string list_of(const std::vector<std::string>& items);

/// Writes {"bench", "date", "machine", "processors", "command", fields}; `fields` is "name: value, ..." as it is to stand there. Ends the
/// program with code 1 if `path` cannot be written.
void write_report(const std::string& path, const std::string& bench, const std::string& command, const std::string& fields);

}  // namespace glissade::bench
