// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/run_budget.hpp"

#include <algorithm>

namespace glissade::cuda {

Scorer::Shape scorer_shape(const Problem<float>& problem, const MemoryBudget& budget, const Card& card) {
    Scorer::Shape shape;
    shape.features = problem.features.columns;
    shape.outputs = problem.outputs;
    shape.bias = problem.bias;
    shape.chunk_rows = budget.chunk_rows;
    shape.extra_floats = problem.target_count + 1;
    shape.multiprocessors = card.facts.multiprocessors;
    return shape;
}

RunBudget run_budget(const Problem<float>& problem, const SegmentPlan& plan, const Card& card, const BackendLimits& limits,
                     const PlanWishes& wishes) {
    RunBudget budget;
    budget.memory = budget_of(problem, plan, wishes);
    budget.memory.state += budget.memory.state / 2;  // the plan counts two slots; a third is written while the next but one waits
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
