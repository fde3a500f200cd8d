// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/cli/svg_chart.hpp"

namespace glissade::cli {

/// What a run's report shows.
struct Report {
    std::string title, subtitle;
    std::vector<std::pair<std::string, std::string>> figures;  ///< the few that matter most, large on top
    std::vector<Chart> charts;
    std::vector<std::pair<std::string, std::string>> settings;  ///< name and value
    std::vector<std::vector<std::string>> members;              ///< a table whose first row is its head; empty: none
    std::vector<std::string> notes;
};

/// One HTML page that needs nothing else: no script, no font, no network. Light and dark, as the reader's system has it.
std::string html_page(const Report& report);

}  // namespace glissade::cli
