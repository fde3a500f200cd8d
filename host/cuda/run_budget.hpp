// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cuda/judge.hpp"
#include "host/cuda/step_runner.hpp"

namespace glissade::cuda {

/// Device memory that a run takes, in bytes.
struct MemoryBudget {
    std::int64_t rows = 0, state = 0, tables = 0, work = 0, staging = 0;
    std::int64_t chunk_rows = 0;    ///< rows of one staging buffer
    std::int64_t table_steps = 0;   ///< steps of one launch at most
    std::int64_t table_epochs = 0;  ///< epochs that they may touch
    std::int64_t total() const { return rows + state + tables + work + staging; }
};
/// Throws Error(memory) with figures and the remedy unless the budget fits what is free and what the limits allow.
void check_budget(const MemoryBudget& budget, const Card& card, const BackendLimits& limits);

/// All device memory of a run: what training takes, and what its validation rows take.
struct RunBudget {
    MemoryBudget memory;          ///< validation counts as memory to work with
    JudgeBudget held_out;         ///< ... of which so much
    bool keeps_held_out = false;  ///< validation rows stay on the device; else they come again for each evaluation
};
/// Keeps validation rows on the device if they fit what is free and what the limits allow.
RunBudget run_budget(const Problem<float>& problem, const StepRunner& runner, const Card& card, const BackendLimits& limits,
                     const PlanWishes& wishes);

/// Slots of parameters and state: the live one, the one before it, one that is being written.
inline constexpr int state_slots = 3;
/// Floats from one slot to the next: each begins at a multiple of 256 bytes, as matrix products like it.
std::int64_t slot_stride(const Problem<float>& problem);

/// The shape of a run's scorer.
Scorer::Shape scorer_shape(const Problem<float>& problem, const MemoryBudget& budget, const Card& card);

}  // namespace glissade::cuda
