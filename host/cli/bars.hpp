// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace glissade::cli {

/// Amounts side by side, each with a text that says it.
struct Bars {
    struct Bar {
        std::string name;
        double amount = 0;  ///< at least 0
        std::string text;
    };
    std::string title, remark;
    std::vector<Bar> bars;
};

/// For a terminal: the title, then a line a bar, with the texts in line.
std::string bars_text(const Bars& bars);
/// For a page: a section in the styles of html_page().
std::string bars_section(const Bars& bars);

}  // namespace glissade::cli
