// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/cli/bars.hpp"
#include "host/cli/evaluation.hpp"
#include "host/cli/svg_chart.hpp"

namespace glissade::cli {

/// What a run's report shows.
struct Report {
    std::string title, subtitle;
    std::vector<std::pair<std::string, std::string>> figures;  ///< the few that matter most, large on top
    std::vector<Chart> charts;
    std::vector<Bars> bars;
    std::vector<std::pair<std::string, std::string>> settings;  ///< name and value
    std::vector<std::vector<std::string>> members;              ///< a table whose first row is its head; empty: none
    std::string members_title = "Members";
    std::vector<std::string> notes;
    std::vector<std::vector<std::string>> metrics;  ///< likewise
    std::optional<Evaluation> evaluation;           ///< of a classifier ...
    std::string rows_name;                          ///< ... on these rows
    std::vector<LargeWeight> weights;               ///< the largest ...
    std::string weights_of;                         ///< ... for this class; empty where there is no choice, or each says for itself
    bool standardised = false;                      ///< the features were
};

/// One HTML page that needs nothing else: no script, no font, no network. Light and dark, as the reader's system has it.
std::string html_page(const Report& report);

}  // namespace glissade::cli
