// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace glissade {

/// Malformed text met while a piece of a file is read: lines count from 0 at the start of the piece, columns from 1 (a CSV column is a
/// cell, a libsvm column a character). Whoever knows where the piece lies turns it into an Error.
struct TextFault {
    std::int64_t line = 0;
    std::int64_t column = 0;
    std::string message;
};

/// "data.csv, line 3, column 2: message"; `line` counts from 1.
inline std::string at_text(const std::string& file, std::int64_t line, std::int64_t column, const std::string& message) {
    return file + ", line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
}

}  // namespace glissade
