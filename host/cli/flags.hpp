// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "host/cli/flag_parser.hpp"

/// Flags whose values are read here rather than by the parser: nothing wraps, saturates or becomes infinite, and what is refused is refused
/// as the words are read, so that a config file can say on which of its lines.
namespace glissade::cli {

inline constexpr int most_threads = 1024;  ///< as the library has it

/// What a number may be, both ends included.
template <class Number>
struct Range {
    Number low = std::numeric_limits<Number>::lowest(), high = std::numeric_limits<Number>::max();
};

/// A whole number; the value that `value` has is shown as the default. Throw Error(usage) naming the first long name and the range.
CLI::Option* add_whole(CLI::App& app, const std::string& names, std::int64_t& value, Range<std::int64_t> range, const std::string& help);
CLI::Option* add_whole(CLI::App& app, const std::string& names, std::uint64_t& value, Range<std::uint64_t> range, const std::string& help);
CLI::Option* add_whole(CLI::App& app, const std::string& names, int& value, Range<int> range, const std::string& help);
/// A finite number.
CLI::Option* add_real(CLI::App& app, const std::string& names, double& value, Range<double> range, const std::string& help);

/// An amount of memory such as 8G; no default is shown.
CLI::Option* add_bytes(CLI::App& app, const std::string& names, std::int64_t& bytes, const std::string& help);

/// Lets `look` read each value as soon as it is parsed; it throws Error(usage) for what it refuses.
CLI::Option* checked(CLI::Option* option, std::function<void(const std::string&)> look);

}  // namespace glissade::cli
