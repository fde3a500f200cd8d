// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/trainer.hpp"

namespace glissade {

/// Throws Error(usage) naming the field unless every setting of a run has a sensible value by itself: whole numbers in their ranges,
/// finite reals in theirs, rules by their declared fields.
void check_options(const TrainOptions& options);

/// Throws Error(usage) unless `threads` is 0 or a number of threads that a team may have.
void check_threads(int threads);

}  // namespace glissade
