// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/cli/flag_parser.hpp"

/// Words of a command line as settings: a name and its values. Config files and checkpoints hold settings too, so all three can be laid
/// over each other and read by the same parser.
namespace glissade::cli {

struct Setting {
    std::string name;  ///< without dashes: "batch-size"; of a positional, its name: "data"
    std::vector<std::string> values;
    bool operator==(const Setting&) const = default;
};
using Settings = std::vector<Setting>;

/// Reads `words` into the variables that `app`'s options are bound to. False if help was asked for and printed. Throws Error(usage) that
/// names the nearest flag for one that does not exist.
bool parse_words(CLI::App& app, std::vector<std::string> words);
bool parse_settings(CLI::App& app, const Settings& settings);

/// What was given, in the order in which the options were declared.
Settings given_settings(const CLI::App& app);
/// The name under which `app` knows a flag or alias, typed with '-' or '_'; empty if it does not.
std::string canonical_name(const CLI::App& app, std::string_view name);
/// The message for a flag that `app` does not have.
std::string unknown_flag(const CLI::App& app, std::string_view flag);

const Setting* find(const Settings& settings, std::string_view name);
/// `first`, and those of `second` that are not in it.
Settings overlaid(const Settings& first, const Settings& second);

}  // namespace glissade::cli
