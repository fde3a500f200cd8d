// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Names and values as C++ source has them.
namespace glissade {

/// Whether `text` may name a variable or a namespace in C++11 and later.
bool is_cpp_name(std::string_view text);

/// The nearest such name, `otherwise` where nothing of the text can stay. "hours-per-week" becomes hours_per_week.
std::string cpp_name(std::string_view text, const std::string& otherwise);

/// The same for several, no name twice, and none of those in `taken`.
std::vector<std::string> cpp_names(const std::vector<std::string>& texts, std::vector<std::string> taken);

/// In quotes, escaped so that it is these bytes in any source encoding and in every version of the language.
std::string cpp_quoted(std::string_view text);

/// As a literal that is the same number: of type float with the suffix f.
std::string cpp_number(double value);
std::string cpp_number(float value);

}  // namespace glissade
