// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Reads a table of delimiter-separated text (RFC 4180, any of ',' ';' tab or runs of blanks). Strict: the first fault in the file is an
/// Error(data) with file, line and column, the same for any number of threads. A column is numeric if all its cells are numbers, and
/// text if they plainly are not; numbers with a few other cells among them are an error, never a text column.
Table read_csv(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner);

}  // namespace glissade
