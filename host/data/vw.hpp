// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Reads Vowpal Wabbit's text: `[LABEL [IMPORTANCE [BASE]]] ['TAG] |[NAMESPACE[:SCALE]] FEATURE[:VALUE] ... |NAMESPACE ...` lines. Features
/// are hashed, with their namespace, into 2^options.hash_bits columns; the importance is the weight of the row; tags are passed over. A
/// base (a score to begin from) is an error unless it is 0. Strict: the first fault in the file is an Error(data) with file, line and
/// column (character), the same for any number of threads.
Table read_vw(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner);

/// Whether all of the first lines are of this form.
bool looks_like_vw(std::string_view text);

}  // namespace glissade
