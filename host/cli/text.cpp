// SPDX-License-Identifier: Apache-2.0
#include "host/cli/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "glissade/error.hpp"

namespace glissade::cli {
namespace {

template <class Real>
std::string to_text(Real value) {
    std::array<char, 40> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

[[noreturn]] void fail_value(std::string_view flag, std::string_view text, std::string_view wanted) {
    fail(ErrorKind::usage, std::string(flag) + " wants " + std::string(wanted) + ", not \"" + std::string(text) + "\"");
}

/// " of at least 0", " from 0 to 1"; nothing where any number will do.
std::string range_text(double low, double high) {
    if (high < std::numeric_limits<double>::max()) return " from " + shortest(low) + " to " + shortest(high);
    return low > std::numeric_limits<double>::lowest() ? " of at least " + shortest(low) : "";
}

/// Power of 1024 of a unit: "", "K", "M", "G", "T", each with "B" or "iB" allowed; -1 if it is none.
int power_of(std::string_view unit) {
    if (unit.empty() || unit == "B") return 0;
    constexpr std::string_view letters = "KMGT";
    const auto at = letters.find(static_cast<char>(unit[0] & ~0x20));
    const std::string_view rest = unit.substr(1);
    if (at == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "iB" || rest == "b")) return -1;
    return static_cast<int>(at) + 1;
}

}  // namespace

std::string shortest(double value) {
    return to_text(value);
}
std::string shortest(float value) {
    return to_text(value);
}
std::string brief(double value) {
    return formatted("%.5g", value);
}

std::string grouped(std::int64_t count) {
    std::string text = std::to_string(count);
    const std::size_t first = text[0] == '-' ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string readable_rate(double a_second) {
    if (a_second >= 1e9) return formatted("%.3g G ", a_second / 1e9);
    if (a_second >= 1e6) return formatted("%.3g M ", a_second / 1e6);
    if (a_second >= 1e3) return formatted("%.3g k ", a_second / 1e3);
    return formatted("%.3g ", a_second);
}

std::string readable_seconds(double seconds) {
    if (seconds < 60) return formatted("%.3g s", seconds);
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 3600) return formatted("%lld min %lld s", static_cast<long long>(whole / 60), static_cast<long long>(whole % 60));
    return formatted("%lld h %lld min", static_cast<long long>(whole / 3600), static_cast<long long>(whole % 3600 / 60));
}

std::string counted(std::int64_t count, std::string_view noun) {
    return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string csv_cell(std::string_view text) {
    const bool blank_end = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (text.find_first_of(",\"\n\r") == std::string_view::npos && !blank_end) return std::string(text);
    std::string cell = "\"";
    for (const char c : text) {
        if (c == '"') cell += '"';
        cell += c;
    }
    return cell + "\"";
}

std::string join(std::span<const std::string> words, std::string_view between) {
    std::string text;
    for (const std::string& word : words) {
        if (&word != words.data()) text += between;
        text += word;
    }
    return text;
}

double number_of(std::string_view flag, std::string_view text, double low, double high) {
    std::string_view number = trimmed(text);
    if (number.size() > 1 && number[0] == '+' && number[1] != '-') number.remove_prefix(1);  // people write 1e+3 and +1 alike
    double value = 0;
    const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool whole = !number.empty() && result.ec == std::errc() && result.ptr == number.data() + number.size();
    if (!whole || !std::isfinite(value) || value < low || value > high) fail_value(flag, text, "a number" + range_text(low, high));
    return value;
}

std::vector<double> numbers_of(std::string_view flag, std::string_view text) {
    std::vector<double> values;
    for (;;) {
        const auto comma = text.find(',');
        values.push_back(number_of(flag, text.substr(0, comma)));
        if (comma == std::string_view::npos) return values;
        text.remove_prefix(comma + 1);
    }
}

template <class Whole>
Whole whole_of(std::string_view flag, std::string_view text, Whole low, Whole high) {
    Whole value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = !text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size();
    if (!whole || value < low || value > high)
        fail_value(flag, text, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return value;
}

template int whole_of(std::string_view, std::string_view, int, int);
template std::int64_t whole_of(std::string_view, std::string_view, std::int64_t, std::int64_t);
template std::uint64_t whole_of(std::string_view, std::string_view, std::uint64_t, std::uint64_t);

std::int64_t bytes_of(std::string_view flag, std::string_view text) {
    constexpr std::string_view wanted = "an amount of memory such as 8G, 512M or 1000000 (bytes)";
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || !(value > 0)) fail_value(flag, text, wanted);
    const int power = power_of(trimmed(text.substr(static_cast<std::size_t>(result.ptr - text.data()))));
    if (power < 0) fail_value(flag, text, wanted);
    const double bytes = std::ldexp(value, 10 * power);
    if (!(bytes < 0x1p62)) fail_value(flag, text, wanted);
    return static_cast<std::int64_t>(bytes);
}

}  // namespace glissade::cli
