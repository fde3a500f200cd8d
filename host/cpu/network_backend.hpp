// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "host/execution/backend.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// The CPU backend for networks; throws as make_cpu_backend.
template <class Real>
std::unique_ptr<Backend<Real>> make_network_backend(const Problem<Real>& problem, int threads, std::int64_t memory_limit_bytes);

/// Scores of the task's rows, [rows][outputs], shared among the threads of a team. Throws Error(usage) if `scores_out` has another size.
template <class Real>
void score_network_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out);
/// The same on a team of its own, of up to `threads`.
template <class Real>
void score_network(const ScoreTask<Real>& task, int threads, std::span<Real> scores_out);

}  // namespace glissade::cpu
