// SPDX-License-Identifier: Apache-2.0
#include "host/data/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace glissade {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_missing_word(std::string_view lower) {
    constexpr std::array words = {"na", "n/a", "#n/a", "null", "none", "nil", "?", "-", "--", ".", "missing"};
    return std::find(words.begin(), words.end(), lower) != words.end();
}

bool is_not_finite_word(std::string_view unsigned_lower) {
    return unsigned_lower == "inf" || unsigned_lower == "infinity" || unsigned_lower == "nan" || unsigned_lower.starts_with("nan(") ||
           unsigned_lower.starts_with("1.#");
}

bool is_hex(std::string_view unsigned_lower) {
    return unsigned_lower.size() > 2 && unsigned_lower.starts_with("0x") &&
           unsigned_lower.find_first_not_of("0123456789abcdef.p+-", 2) == std::string_view::npos;
}

/// Digits with grouping, a decimal comma, two signs, a bare exponent: "1,5", "1_000", "1 000", "--5", "1e", "1e400".
bool is_broken_number(std::string_view lower) {
    if (lower.find_first_not_of("0123456789.,_'e+- ") != std::string_view::npos) return false;
    if (std::none_of(lower.begin(), lower.end(), is_digit)) return false;
    const std::size_t first = lower.find_first_not_of("+-");
    if (first > 1 || lower.find('e') != std::string_view::npos) return true;
    // A sign further on makes it a range or a date ("18 - 25"): a word.
    return lower.find_first_of(",_' ") != std::string_view::npos && lower.find_first_of("+-", 1) == std::string_view::npos;
}

}  // namespace

std::optional<double> whole_number(std::string_view text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    if (parse_number(text.data(), end, value) != end) return std::nullopt;
    return value;
}

CellClass classify_cell(std::string_view text) {
    if (whole_number(text)) return CellClass::number;
    const std::string lower = lower_case(text.substr(0, 512));
    std::string_view unsigned_lower = lower;
    if (!lower.empty() && (lower[0] == '+' || lower[0] == '-')) unsigned_lower.remove_prefix(1);
    const bool meant_as_number =
        is_missing_word(lower) || is_not_finite_word(unsigned_lower) || is_hex(unsigned_lower) || is_broken_number(lower);
    return meant_as_number ? CellClass::malformed : CellClass::word;
}

std::string shortest_text(double value) {
    std::array<char, 32> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

std::string count_text(std::int64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 40;
    const std::string_view shown = text.substr(0, longest);
    const std::size_t clean = invalid_utf8_at(shown).value_or(shown.size());
    std::string out = "\"";
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const char c = shown[i];
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f && (byte < 0x80 || i < clean)) {
            out += c;
            continue;
        }
        constexpr std::string_view digits = "0123456789abcdef";
        out += "\\x";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    if (text.size() > longest) out += "...";
    return out + "\"";
}

std::string not_a_number(std::string_view text, bool na_helps) {
    if (text.find('\0') != std::string_view::npos) return "a NUL byte";
    const std::string message = quoted(text) + " is not a number";
    if (classify_cell(text) == CellClass::word || text.size() > 40) return message;
    if (text.find(',') != std::string_view::npos) return message + " (numbers take a decimal point and no grouping)";
    if (!na_helps) return message + " that can be used";
    return message + " that can be used (if it means a missing cell: --na '" + std::string(text) + "')";
}

std::string why_unusable(double value, RealType type) {
    if (std::abs(value) < overflow_limit(type)) return {};
    if (!std::isfinite(value)) return "is " + shortest_text(value);
    return shortest_text(value) + " does not fit float32";
}

std::optional<std::size_t> invalid_utf8_at(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t i = 0;
    while (i < text.size()) {
        const unsigned lead = byte(i);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xc2 && lead < 0xe0 ? 2
                                   : lead >= 0xe0 && lead < 0xf0 ? 3
                                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                                 : 0;
        if (length == 0 || i + length > text.size()) return i;
        for (std::size_t k = 1; k < length; ++k) {
            if ((byte(i + k) & 0xc0) != 0x80) return i;
        }
        // Overlong forms, surrogates, and what lies beyond U+10FFFF.
        if ((lead == 0xe0 && byte(i + 1) < 0xa0) || (lead == 0xed && byte(i + 1) > 0x9f) || (lead == 0xf0 && byte(i + 1) < 0x90) ||
            (lead == 0xf4 && byte(i + 1) > 0x8f)) {
            return i;
        }
        i += length;
    }
    return std::nullopt;
}

}  // namespace glissade
