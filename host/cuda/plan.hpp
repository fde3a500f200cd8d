// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/cuda/card.hpp"
#include "host/execution/backend.hpp"
#include "kernels/launch.hpp"

namespace glissade::cuda {

/// What a caller wants instead of what the plan would choose; 0 or empty: no wish. Tests and benchmarks use it. Results never depend on it.
struct PlanWishes {
    int blocks = 0;                  ///< 1: a block team; more: a grid of so many (a power of two)
    int threads = 0;                 ///< of a block; a multiple of 32
    kernels::TileShape tile{0, 0};   ///< powers of two
    bool state_in_memory = false;    ///< keep the optimizer's state out of shared memory
    std::int64_t staging_bytes = 0;  ///< of one staging buffer
    std::int64_t table_steps = 0;    ///< steps of one launch at most
};

/// How segments will run on a card: a pure function of its arguments.
struct SegmentPlan {
    kernels::SegmentLaunch launch;
    kernels::TileShape tile;
    bool state_in_shared = true;
    kernels::SegmentLayout layout;
    std::int64_t stack_levels = 0;
    double step_seconds = 0;    ///< predicted, of a full batch ...
    double fetch_seconds = 0;   ///< ... of which the rows alone would take so much
    const char* bound_by = "";  ///< what the prediction is mostly made of
    int other_blocks = 0;       ///< the best plan of the other team, 0 if it cannot run
    double other_seconds = 0;
};

kernels::LinearShape shape_of(const Problem<float>& problem);
/// Throws Error(device) with the figure and the remedy if the shape does not fit the card's shared memory.
SegmentPlan plan_segments(const kernels::LinearShape& shape, std::int64_t batch_rows, const Card& card, const PlanWishes& wishes);

/// Device memory that a run takes, in bytes.
struct MemoryBudget {
    std::int64_t rows = 0, state = 0, tables = 0, exchange = 0, staging = 0;
    std::int64_t chunk_rows = 0;    ///< rows of one staging buffer
    std::int64_t table_steps = 0;   ///< steps of one launch at most
    std::int64_t table_epochs = 0;  ///< epochs that they may touch
    std::int64_t total() const { return rows + state + tables + exchange + staging; }
};
MemoryBudget budget_of(const Problem<float>& problem, const SegmentPlan& plan, const PlanWishes& wishes);
/// Throws Error(memory) with figures and the remedy unless the budget fits what is free and what the limits allow.
void check_budget(const MemoryBudget& budget, const Card& card, const BackendLimits& limits);

}  // namespace glissade::cuda
