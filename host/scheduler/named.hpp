// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Names that people type: compared without regard to case, '_' and '-', and the nearest one offered when none fits.
namespace glissade {

/// `name` in lower case without '_' and '-'.
inline std::string folded_name(std::string_view name) {
    std::string folded;
    for (const char c : name)
        if (c != '_' && c != '-') folded += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
    return folded;
}

inline bool same_name(std::string_view a, std::string_view b) {
    return folded_name(a) == folded_name(b);
}

/// The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool equal = a[i - 1] == b[j - 1];
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (equal ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(above);
        above.swap(row);
    }
    return above[b.size()];
}

/// The one of `names` that is nearest to `typed`, the first of equals; a name that begins with what was typed counts as one edit away.
/// Empty if there are no names.
inline std::string_view nearest_name(std::string_view typed, std::span<const std::string_view> names) {
    const std::string wanted = folded_name(typed);
    std::string_view nearest;
    std::size_t smallest = static_cast<std::size_t>(-1);
    for (const std::string_view name : names) {
        const std::string candidate = folded_name(name);
        std::size_t distance = edit_distance(wanted, candidate);
        if (distance > 1 && !wanted.empty() && candidate.starts_with(wanted)) distance = 1;
        if (distance < smallest) {
            smallest = distance;
            nearest = name;
        }
    }
    return nearest;
}

/// The shortest text that reads back as `value`.
inline std::string number_text(double value) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// "a, b, c"
inline std::string joined_names(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

/// The message for a name that does not exist: what it is, the nearest one, and all there are.
inline std::string unknown_name(std::string_view what, std::string_view typed, std::span<const std::string_view> names) {
    std::string text = "unknown " + std::string(what) + " '" + std::string(typed) + "'";
    if (names.empty()) return text;
    return text + "; did you mean '" + std::string(nearest_name(typed, names)) + "'? There are: " + joined_names(names);
}

}  // namespace glissade
