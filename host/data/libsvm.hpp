// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Reads `LABEL INDEX:VALUE INDEX:VALUE ...` lines; indices count from 1 and ascend; '#' begins a comment. Strict: the first fault in the
/// file is an Error(data) with file, line and column (character), the same for any number of threads.
Table read_libsvm(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner);

/// Whether the first lines are of this form.
bool looks_like_libsvm(std::string_view text);

}  // namespace glissade
