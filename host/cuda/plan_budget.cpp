// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/plan.hpp"

namespace glissade::cuda {

using kernels::Exchange;
using kernels::LinearShape;
using kernels::SegmentLaunch;
using kernels::Team;
namespace tuning = kernels::tuning;

WorkBuffers buffers_of(const LinearShape& all, const SegmentPlan& plan, bool clips_by_norm) {
    const SegmentLaunch& launch = plan.launch;
    const LinearShape shape = launch.of_a_team(all);
    const bool sliced = launch.exchange == Exchange::sliced;
    WorkBuffers buffers;
    if (launch.team == Team::grid) buffers.exchange = (sliced ? 1 : 2) * launch.blocks / launch.cluster * shape.sums();
    if (launch.team == Team::cluster && !launch.places.sums) buffers.exchange = launch.blocks * shape.sums();
    buffers.stack = launch.blocks * plan.stack_levels * shape.sums();
    if (!sliced && !launch.places.state) buffers.block_state = launch.blocks * shape.state_vectors * shape.parameters();
    if (!launch.places.sums) buffers.block_sums = launch.blocks * plan.tile.partials * shape.sums();
    if (sliced && clips_by_norm) buffers.gradients = shape.parameters();
    return buffers;
}

MemoryBudget budget_of(const Problem<float>& problem, const SegmentPlan& plan, const PlanWishes& wishes) {
    constexpr std::int64_t real = sizeof(float);
    const LinearShape shape = shape_of(problem);
    MemoryBudget budget;
    const std::int64_t row_floats = shape.features + shape.target_count + 1;
    const std::int64_t staging = wishes.staging_bytes > 0 ? wishes.staging_bytes : tuning::staging_bytes;
    budget.chunk_rows = std::clamp<std::int64_t>(staging / (row_floats * real), 1, problem.features.rows);
    const std::int64_t step_bytes = shape.members * rules::scalars_a_member * real;
    budget.table_steps = wishes.table_steps > 0 ? wishes.table_steps : std::max<std::int64_t>(1, tuning::table_bytes / step_bytes);
    budget.table_epochs = (budget.table_steps + problem.batches.steps_per_epoch - 2) / problem.batches.steps_per_epoch + 1;

    const std::int64_t state = (1 + shape.state_vectors) * shape.parameters() * real;
    budget.rows = problem.features.rows * shape.record_floats() * real;
    budget.state = 2 * state;
    budget.tables = budget.table_steps * (step_bytes + shape.members * real) +
                    budget.table_epochs * static_cast<std::int64_t>(sizeof(EpochOrder)) +
                    teams_of(plan.launch) * static_cast<std::int64_t>(sizeof(kernels::SegmentOutcome)) +
                    static_cast<std::int64_t>(sizeof(kernels::SegmentSignals));
    budget.work = buffers_of(shape, plan, problem.clip_norm > 0).bytes();
    budget.staging = 2 * budget.chunk_rows * (row_floats + shape.outputs) * real +
                     (shape.outputs * (shape.features + 1) + (problem.affine ? 2 * shape.features : 0)) * real;
    return budget;
}

void check_budget(const MemoryBudget& budget, const Card& card, const BackendLimits& limits) {
    const bool limited = limits.memory_limit_bytes > 0 && limits.memory_limit_bytes < card.facts.free_bytes;
    const std::int64_t there = limited ? limits.memory_limit_bytes : card.facts.free_bytes;
    if (budget.total() <= there) return;
    fail(ErrorKind::memory, "the run needs " + in_bytes(budget.total()) + " on CUDA device " + std::to_string(card.facts.ordinal) + " (" +
                                card.facts.name + "): " + in_bytes(budget.rows) + " for the rows, " + in_bytes(budget.state) +
                                " for parameters and state, " + in_bytes(budget.tables + budget.work + budget.staging) + " to work with; " +
                                in_bytes(there) +
                                (limited ? " are allowed; raise the device memory limit" : " are free; free memory on the device") +
                                ", take fewer rows, or train on the CPU");
}

}  // namespace glissade::cuda
