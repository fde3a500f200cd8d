// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace glissade::testing {

/// Adds a line to the file that the environment variable GLISSADE_FAULT_FIGURES names, if it does: how many faults of one kind a test
/// tried, and how many of them lost or broke something. scripts/fault_table adds the lines up. `fault` is a key of its table.
inline void record_faults(const std::string& fault, std::int64_t trials, std::int64_t lost) {
    const char* const path = std::getenv("GLISSADE_FAULT_FIGURES");
    if (path == nullptr) return;
    const std::string line =
        "{\"fault\": \"" + fault + "\", \"trials\": " + std::to_string(trials) + ", \"lost\": " + std::to_string(lost) + "}\n";
    std::FILE* const file = std::fopen(path, "a");  // one write of a line: tests that run side by side do not mix theirs
    if (file == nullptr) return;
    std::fwrite(line.data(), 1, line.size(), file);
    std::fclose(file);
}

}  // namespace glissade::testing
