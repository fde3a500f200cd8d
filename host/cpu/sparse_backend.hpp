// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/execution/backend.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// The CPU backend of sparse rows. Throws as make_cpu_backend does.
template <class Real>
std::unique_ptr<Backend<Real>> make_sparse_backend(const Problem<Real>& problem, int threads, std::int64_t memory_limit_bytes,
                                                   const CpuRates& rates);

/// Scores of the task's sparse rows, [rows][outputs], shared among the threads of a team.
template <class Real>
void score_sparse_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out);

}  // namespace glissade::cpu
