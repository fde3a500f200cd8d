// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/cli/evaluation.hpp"

/// Sections of a report. `rows_name` says on which rows: "validation rows".
namespace glissade::cli {

/// A table of counts for a few classes; of more, a map of them, and the pairs that are taken for each other most.
std::string confusion_section(const Confusion& confusion, const std::string& rows_name);
/// Predicted against observed, and how many rows stand behind each point.
std::string reliability_section(const Reliability& reliability, const std::string& rows_name);
/// Bars to the left and right. `standardised`: the features were, so that a column tells of their deviations.
std::string weights_section(const std::vector<LargeWeight>& weights, const std::string& subject, bool standardised);

/// The styles that these sections need.
const char* parts_style();

/// Cells as an HTML table whose first row, or else first column, is its head.
std::string html_table(const std::vector<std::vector<std::string>>& rows, bool first_is_head);

}  // namespace glissade::cli
