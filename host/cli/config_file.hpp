// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "host/cli/words.hpp"

namespace glissade::cli {

/// Settings from a file in a strict subset of TOML: `name = value` a line, where a value is "text" with \" \\ \t \n, 'text as it stands', a
/// bare number or true or false, or [a, list, of, them], which may span lines; # begins a comment. Names are `app`'s flags without dashes,
/// and "data". `try_out` is given each setting and throws Error(usage) for what the program will not take. Throws Error(usage) naming line
/// and column of what is not understood or not taken, Error(io) if the file cannot be read.
Settings read_config(const std::string& path, const CLI::App& app, const std::function<void(const Setting&)>& try_out);
/// The same of the text of such a file; `path` is for messages.
Settings parse_config(const std::string& text, const std::string& path, const CLI::App& app,
                      const std::function<void(const Setting&)>& try_out);

/// The same form, complete enough that parse_config gives `settings` back.
std::string config_text(const Settings& settings, const std::string& title);
/// As a file. Throws Error(io).
void write_config(const std::string& path, const Settings& settings, const std::string& title);

}  // namespace glissade::cli
