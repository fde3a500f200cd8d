// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "host/execution/backend.hpp"

namespace glissade::testing {

/// Scores on device 0 by a scorer of their own, as Model::decision_function takes them.
inline void score_on_card(const ScoreTask<float>& task, std::span<float> scores_out) {
    make_card_scorer(task, 0)->score(task, scores_out);
}

}  // namespace glissade::testing
