// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/run_budget.hpp"

#include <algorithm>

#include "glissade/error.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

namespace {

MemoryBudget budget_of(const Problem<float>& problem, const StepRunner& runner, const Card& card, const PlanWishes& wishes) {
    constexpr std::int64_t real_bytes = sizeof(float);
    MemoryBudget budget;
    const std::int64_t row_floats = problem.features.columns + problem.target_count + problem.weight_sets;
    const std::int64_t staging = wishes.staging_bytes > 0 ? wishes.staging_bytes : tuning::staging_bytes;
    budget.chunk_rows = std::clamp<std::int64_t>(staging / (row_floats * real_bytes), 1, problem.features.rows);
    const std::int64_t members = problem.members, step_bytes = members * rules::scalars_a_member * real_bytes;
    budget.table_steps = wishes.table_steps > 0 ? wishes.table_steps : std::max<std::int64_t>(1, tuning::table_bytes / step_bytes);
    budget.table_epochs = (budget.table_steps + problem.batches.steps_per_epoch - 2) / problem.batches.steps_per_epoch + 1;

    budget.rows = problem.features.rows * shape_of(problem).record_floats() * real_bytes;
    budget.state = state_slots * slot_stride(problem) * real_bytes;
    budget.tables = budget.table_steps * (step_bytes + members * real_bytes) +
                    budget.table_epochs * static_cast<std::int64_t>(sizeof(EpochOrder)) +
                    runner.teams() * static_cast<std::int64_t>(sizeof(kernels::SegmentOutcome));
    budget.work = runner.work_bytes();
    budget.staging = Scorer::bytes(scorer_shape(problem, budget, card));
    return budget;
}

}  // namespace

std::int64_t slot_stride(const Problem<float>& problem) {
    constexpr std::int64_t line = 64;
    const std::int64_t floats = (1 + problem.state_vectors()) * problem.members * problem.parameter_count();
    return (floats + line - 1) / line * line;
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

Scorer::Shape scorer_shape(const Problem<float>& problem, const MemoryBudget& budget, const Card& card) {
    Scorer::Shape shape;
    shape.model = ModelShape::of(problem);
    shape.chunk_rows = budget.chunk_rows;
    shape.extra_floats = problem.target_count + problem.weight_sets;
    shape.multiprocessors = card.facts.multiprocessors;
    return shape;
}

RunBudget run_budget(const Problem<float>& problem, const StepRunner& runner, const Card& card, const BackendLimits& limits,
                     const PlanWishes& wishes) {
    RunBudget budget;
    budget.memory = budget_of(problem, runner, card, wishes);
    if (problem.held_out.features.rows == 0) return budget;
    const Scorer::Shape shape = scorer_shape(problem, budget.memory, card);
    const std::int64_t free = card.facts.free_bytes, limit = limits.memory_limit_bytes;
    const std::int64_t there = limit > 0 ? std::min(limit, free) : free;
    const JudgeBudget kept = judge_budget(problem.held_out, shape, true);
    budget.keeps_held_out = budget.memory.total() + kept.total() <= there;
    budget.held_out = budget.keeps_held_out ? kept : judge_budget(problem.held_out, shape, false);
    budget.memory.staging += budget.held_out.total();
    return budget;
}

}  // namespace glissade::cuda
