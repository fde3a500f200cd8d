// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Numbers and names as people and programs read them.
namespace glissade::cli {

/// The shortest text that reads back as the same number.
std::string shortest(double value);
std::string shortest(float value);
/// At most five significant digits.
std::string brief(double value);
/// 12345678 -> "12,345,678".
std::string grouped(std::int64_t count);
/// 1234567 -> "1.23 M ", for a unit to follow.
std::string readable_rate(double a_second);
/// 75.2 -> "1 min 15 s".
std::string readable_seconds(double seconds);
/// "1 row", "2 rows".
std::string counted(std::int64_t count, std::string_view noun);

/// A cell of a CSV file, quoted where RFC 4180 asks for it.
std::string csv_cell(std::string_view text);
std::string join(std::span<const std::string> words, std::string_view between);

/// These throw Error(usage) that names the flag and what it wants. Numbers are finite and within [low, high].
double number_of(std::string_view flag, std::string_view text, double low = std::numeric_limits<double>::lowest(),
                 double high = std::numeric_limits<double>::max());
std::vector<double> numbers_of(std::string_view flag, std::string_view text);
/// Of int, std::int64_t or std::uint64_t.
template <class Whole>
Whole whole_of(std::string_view flag, std::string_view text, Whole low, Whole high);
/// "8G", "512M", "1.5 GiB", "1000000": powers of 1024.
std::int64_t bytes_of(std::string_view flag, std::string_view text);

}  // namespace glissade::cli
