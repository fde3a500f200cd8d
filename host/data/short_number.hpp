// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace glissade {

/// Short numbers read eight characters at a time: whatever their lengths, no branch depends on them. For text that holds little else.
struct ShortDigits {
    int count = 0;  ///< digits at the front, at most eight
    std::uint32_t value = 0;
};

/// Reads eight bytes.
inline ShortDigits short_digits(const char* at) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    bytes ^= 0x3030303030303030u;  // a digit is its value now
    // The highest bit of each byte above 9; a carry can only reach bytes behind such a one.
    const std::uint64_t others = ((bytes + 0x7676767676767676u) | bytes) & 0x8080808080808080u;
    const int count = std::countr_zero(others) / 8;
    if (count == 0) return {};
    bytes <<= 64 - 8 * count;  // zeros before the digits
    bytes = bytes * 10 + (bytes >> 8);
    constexpr std::uint64_t pairs = 0x000000ff000000ffu;
    bytes = ((bytes & pairs) * 0x000f424000000064u + ((bytes >> 16) & pairs) * 0x0000271000000001u) >> 32;
    return {count, static_cast<std::uint32_t>(bytes)};
}

/// Bytes behind a place that `parse_short_number` may look at.
constexpr std::ptrdiff_t short_number_reach = 32;

/// Reads a decimal number of at most 15 digits, without exponent, that ends at `end` or a blank, and returns the place behind it; null for
/// anything else, which is for parse_number to judge. The value is the same: a quotient of two whole numbers that are exact, rounded once.
/// Looks at `short_number_reach` bytes, beyond `end` too, where no digit may stand.
inline const char* parse_short_number(const char* at, const char* end, double& value) {
    static constexpr std::array<double, 16> powers = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const auto ends_at = [end](const char* place) { return place == end || *place == ' ' || *place == '\t'; };
    const bool is_negative = *at == '-';
    at += is_negative ? 1 : 0;
    const ShortDigits whole = short_digits(at);
    if (whole.count == 0 || whole.count == 8) return nullptr;
    at += whole.count;
    value = whole.value;
    if (*at == '.') {
        const ShortDigits first = short_digits(++at);
        const ShortDigits second = first.count == 8 ? short_digits(at + 8) : ShortDigits();
        const int digits = first.count + second.count;
        if (digits == 0 || whole.count + digits > 15) return nullptr;
        at += digits;
        const double scale = powers[static_cast<std::size_t>(second.count)];
        value = ((value * powers[static_cast<std::size_t>(first.count)] + first.value) * scale + second.value) /
                powers[static_cast<std::size_t>(digits)];
    }
    if (is_negative) value = -value;
    return ends_at(at) ? at : nullptr;
}

}  // namespace glissade
