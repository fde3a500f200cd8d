// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace glissade {

/// Cuts text into pieces of about a megabyte at line ends that lie outside quotes; where depends on the text alone, not on `threads`.
/// Where quotes are broken the cuts behind the break may be, too; those before it are right.
std::vector<std::string_view> split_rows(std::string_view text, int threads);

/// The same at any line end, for text without quoting.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace glissade
