// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cuda/judge.hpp"
#include "host/cuda/plan.hpp"

namespace glissade::cuda {

/// All device memory of a run: what training takes, and what its validation rows take.
struct RunBudget {
    MemoryBudget memory;          ///< validation counts as memory to work with
    JudgeBudget held_out;         ///< ... of which so much
    bool keeps_held_out = false;  ///< validation rows stay on the device; else they come again for each evaluation
};
/// Keeps validation rows on the device if they fit what is free and what the limits allow.
RunBudget run_budget(const Problem<float>& problem, const SegmentPlan& plan, const Card& card, const BackendLimits& limits,
                     const PlanWishes& wishes);

/// The shape of a run's scorer.
Scorer::Shape scorer_shape(const Problem<float>& problem, const MemoryBudget& budget, const Card& card);

}  // namespace glissade::cuda
