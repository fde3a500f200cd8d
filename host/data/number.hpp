// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fast_float/fast_float.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "glissade/matrix_view.hpp"

namespace glissade {

/// Reads the decimal or scientific number that starts at `begin` (a leading '+' allowed) and returns the place after it, or null if none
/// starts there or it overflows. No nan, no inf, no hex: what follows the number is for the caller to check.
inline const char* parse_number(const char* begin, const char* end, double& value) {
    if (begin < end && *begin == '+') {
        ++begin;
        if (begin < end && *begin == '-') return nullptr;
    }
    const char* digit = begin < end && *begin == '-' ? begin + 1 : begin;
    if (digit >= end || !((*digit >= '0' && *digit <= '9') || *digit == '.')) return nullptr;
    const auto result = fast_float::from_chars(begin, end, value);
    if (result.ec != std::errc() || !std::isfinite(value)) return nullptr;
    return result.ptr;
}

/// The number that `text` is, all of it; none otherwise.
std::optional<double> whole_number(std::string_view text);

enum class CellClass {
    number,
    malformed,  ///< means to be a number and is not: nan, inf, NA, 0x1F, 1e400, "1,5", 1_000, 1e
    word,       ///< any other text
};

CellClass classify_cell(std::string_view text);

/// A number as one would type it: the shortest text that reads back the same.
std::string shortest_text(double value);

/// "1 row", "2 rows".
std::string count_text(std::int64_t count, std::string_view noun);

/// `"text"` for a message: cut after 40 bytes, control bytes and broken UTF-8 shown as \xNN.
std::string quoted(std::string_view text);

/// `"nan" is not a number`, with a hint where one helps; --na is one where the format has cells that may be missing.
std::string not_a_number(std::string_view text, bool na_helps = true);

/// Values of this size or more, and NaN, are not finite in the type: they lie nearer to the power of two past its largest number.
constexpr double overflow_limit(RealType type) {
    return type == RealType::float32 ? 0x1.ffffffp127 : std::numeric_limits<double>::infinity();
}

/// Why a value is of no use in the type: "is inf", "1e+39 does not fit float32"; empty if it is.
std::string why_unusable(double value, RealType type);

/// Where `text` stops being valid UTF-8 (0-based byte), or nothing.
std::optional<std::size_t> invalid_utf8_at(std::string_view text);

}  // namespace glissade
