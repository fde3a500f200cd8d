// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "host/execution/backend.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// Scores of the task's rows, [rows][outputs], shared among the threads of a team. Throws Error(usage) if `scores_out` has another size.
template <class Real>
void score_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out);

}  // namespace glissade::cpu
