// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/sparse_plan.hpp"

#include <algorithm>
#include <vector>

#include "host/cpu/sparse_runner.hpp"
#include "host/cpu/step_plan.hpp"
#include "host/execution/sparse_lengths.hpp"

namespace glissade::cpu {

namespace {

/// Below this many entries times models a step is faster on one thread than the barriers of a team.
constexpr std::int64_t work_for_a_team = 3'000;
/// A batch whose entries, for as many threads, may need more room than this is not sorted by column: one thread takes it as it lies.
constexpr std::int64_t most_entries = std::int64_t{1} << 23;

}  // namespace

template <class Real>
SparsePlan plan_sparse(const Problem<Real>& problem, int threads) {
    const SparseLayout layout(problem);
    const SparseView<const Real>& x = problem.sparse;
    SparsePlan plan;
    const std::vector<std::int64_t> lengths = lengths_of(x);
    const bool repeat = problem.batches.order.shuffle == Shuffle::replacement;
    plan.batch_rows = problem.batches.rows(0);
    const double entries =
        static_cast<double>(x.nonzeros()) / static_cast<double>(std::max<std::int64_t>(1, x.rows)) * static_cast<double>(plan.batch_rows);
    const bool enough = entries * static_cast<double>(layout.models) >= static_cast<double>(work_for_a_team) ||
                        (!problem.idle.lazy() && layout.columns * layout.models >= work_for_a_team);
    plan.team_threads = std::min(threads, column_groups);
    plan.threads = plan.batch_rows > 1 && enough ? plan.team_threads : 1;
    if (plan.threads * most_entries_of(lengths, plan.batch_rows, repeat) > most_entries) plan.threads = 1;
    const StepPlan full(plan.batch_rows, plan.threads), last(problem.batches.rows(problem.batches.steps_per_epoch - 1), plan.threads);
    for (const StepPlan& step : {full, last})
        for (int t = 0; t < plan.threads; ++t)
            plan.rows_a_thread = std::max(plan.rows_a_thread, step.rows_of(t).end - step.rows_of(t).begin);
    const bool shared = plan.threads > 1;
    plan.entries_a_part = shared ? most_entries_of(lengths, plan.rows_a_thread, repeat) : 0;
    plan.touched_a_thread = std::min(layout.columns, most_entries_of(lengths, plan.batch_rows, repeat));
    plan.held_a_thread = SparseRunner<Real>::most_held + static_cast<std::int64_t>(lengths.size());  // a row is not cut

    constexpr std::int64_t real = sizeof(Real);
    const std::int64_t tile = (layout.models + layout.members + problem.target_count + problem.weight_sets) * tile_rows + 4 * layout.models;
    const std::int64_t block = (2 + layout.state_vectors) * SparseRunner<Real>::block_columns;
    plan.budget.state_bytes = layout.columns * (layout.stride + 1 + layout.gradient_at()) * real;
    plan.budget.sums_bytes = full.shape.partials * (layout.models + layout.members) * real +
                             plan.threads * (plan.threads * plan.entries_a_part * static_cast<std::int64_t>(sizeof(SparseEntry<Real>)) +
                                             plan.touched_a_thread * static_cast<std::int64_t>(sizeof(Touched)) +
                                             plan.held_a_thread * static_cast<std::int64_t>(sizeof(std::uint32_t)));
    plan.budget.scratch_bytes = plan.threads * ((tile + block) * real + (shared ? plan.rows_a_thread * layout.models * real : 0) +
                                                static_cast<std::int64_t>(sizeof(RowStream)));
    return plan;
}

template <class Real>
std::int64_t bytes_of_all(const Problem<Real>& problem) {
    const SparseLayout layout(problem);
    return problem.idle.lazy() ? 0 : 2 * layout.columns * layout.stride * static_cast<std::int64_t>(sizeof(Real));
}

template SparsePlan plan_sparse<float>(const Problem<float>&, int);
template SparsePlan plan_sparse<double>(const Problem<double>&, int);
template std::int64_t bytes_of_all<float>(const Problem<float>&);
template std::int64_t bytes_of_all<double>(const Problem<double>&);

}  // namespace glissade::cpu
