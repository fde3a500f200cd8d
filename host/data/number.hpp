// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fast_float/fast_float.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "glissade/matrix_view.hpp"

namespace glissade {

/// The digits that eight bytes of text begin with: how many, and the number that they make.
struct LeadingDigits {
    int count;
    std::uint64_t value;

    explicit LeadingDigits(const char* text) {
        std::uint64_t word = 0;
        std::memcpy(&word, text, sizeof word);
        word ^= 0x3030303030303030;  // a digit is now its value, any other byte above 9
        const std::uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;  // the lowest is right: carries only go up
        count = others == 0 ? 8 : std::countr_zero(others) / 8;
        word = count == 0 ? 0 : word << (64 - 8 * count);  // zeros in front
        word = word * 10 + (word >> 8);                    // four pairs
        constexpr std::uint64_t pairs = 0x000000FF000000FF, weights = 0x000F424000000064, more_weights = 0x0000271000000001;
        value = ((word & pairs) * weights + ((word >> 16) & pairs) * more_weights) >> 32;
    }
};

/// Reads "-12.345" and its like: at most 7 digits before a point and 15 behind it, no exponent. Their digits and the power of ten are exact
/// doubles, so one division rounds correctly (Clinger, 1990). Null for any other text, also for what stands too near `end`.
inline const char* parse_short_decimal(const char* begin, const char* end, double& value) {
    constexpr std::ptrdiff_t longest = 1 + 8 + 1 + 8 + 8;
    if (std::endian::native != std::endian::little || end - begin < longest) return nullptr;
    constexpr std::array<double, 16> powers = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    constexpr std::array<std::uint64_t, 9> whole_powers = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    const bool negative = *begin == '-';
    const char* at = begin + (negative ? 1 : 0);
    std::uint64_t digits = static_cast<unsigned char>(*at) - std::uint64_t{'0'};
    int whole_count = 1;
    if (digits > 9 || at[1] != '.') {  // one digit before the point is what most real numbers have
        const LeadingDigits whole(at);
        if (whole.count == 0 || whole.count == 8) return nullptr;
        digits = whole.value;
        whole_count = whole.count;
    }
    at += whole_count;
    int decimals = 0;
    if (*at == '.') {
        const LeadingDigits first(++at);
        if (first.count == 0) return nullptr;
        digits = digits * whole_powers[static_cast<std::size_t>(first.count)] + first.value;
        decimals = first.count;
        if (first.count == 8) {
            const LeadingDigits second(at + 8);
            if (second.count == 8 || whole_count + second.count > 11) return nullptr;  // 19 digits are what 64 bits hold
            digits = digits * whole_powers[static_cast<std::size_t>(second.count)] + second.value;
            decimals += second.count;
        }
        at += decimals;
    }
    if ((*at | 0x20) == 'e' || digits > (std::uint64_t{1} << 53)) return nullptr;
    const double size = static_cast<double>(static_cast<std::int64_t>(digits)) / powers[static_cast<std::size_t>(decimals)];
    value = negative ? -size : size;
    return at;
}

/// Reads the decimal or scientific number that starts at `begin` (a leading '+' allowed) and returns the place after it, or null if none
/// starts there or it overflows. No nan, no inf, no hex: what follows the number is for the caller to check.
inline const char* parse_number(const char* begin, const char* end, double& value) {
    if (begin < end && *begin == '+') {
        ++begin;
        if (begin < end && *begin == '-') return nullptr;
    }
    if (const char* const stop = parse_short_decimal(begin, end, value)) return stop;
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
