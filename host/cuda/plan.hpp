// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/cuda/card.hpp"
#include "host/execution/backend.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

using glissade::NetworkFamily;

/// What a caller wants instead of what the plan would choose; 0 or empty: no wish. Runs that go on and those that lose members wish for
/// their family of networks, on which the bits depend; for the rest, on which nothing does, tests and benchmarks do.
struct PlanWishes {
    int blocks = 0;                                  ///< 1: a block team; more: so many (a power of two)
    int cluster = 0;                                 ///< blocks of a cluster: as many as blocks, then they are the team, or fewer
    bool block_a_member = false;                     ///< as many teams as members
    bool graph = false;                              ///< launches instead of barriers between blocks
    std::optional<kernels::Exchange> exchange = {};  ///< how sums become parameters
    int threads = 0;                                 ///< of a block; a multiple of 32
    kernels::TileShape tile{0, 0};                   ///< powers of two
    /// Keep these out of shared memory. Parameters and sums leave it in a sliced exchange only.
    bool state_in_memory = false, parameters_in_memory = false, sums_in_memory = false, records_in_memory = false;
    NetworkFamily network = NetworkFamily::faster;
    std::int64_t staging_bytes = 0;  ///< of one staging buffer
    std::int64_t table_steps = 0;    ///< steps of one launch at most
};

/// What a plan asks of a run beyond the model's shape.
struct RunFacts {
    std::int64_t batch_rows = 1;
    std::int64_t data_rows = 0;  ///< 0: too many for a cache
    bool clips_by_norm = false;
    static RunFacts of(const Problem<float>& problem);
};

/// How segments will run on a card: a pure function of its arguments.
struct SegmentPlan {
    kernels::SegmentLaunch launch;
    kernels::TileShape tile;
    kernels::SegmentLayout layout;
    std::int64_t stack_levels = 0;
    double step_seconds = 0;    ///< predicted, of a full batch ...
    double fetch_seconds = 0;   ///< ... of which the rows alone would take so much
    const char* bound_by = "";  ///< what the prediction is mostly made of
};

/// The plan that is taken, and the best one with another team or exchange, if one can run.
struct PlanChoice {
    SegmentPlan taken;
    std::optional<SegmentPlan> runner_up;
};

kernels::LinearShape shape_of(const Problem<float>& problem);
/// Throws Error(device) with the figure and the remedy if the shape does not fit the card. The rows of a partial sum are one block's: of a
/// batch of up to 16 rows, which is one, a block does all the work, however wide the model is, and more blocks only share the update.
PlanChoice plan_segments(const kernels::LinearShape& shape, const RunFacts& run, const Card& card, const kernels::tuning::Expected& rates,
                         const PlanWishes& wishes);
/// Teams of a launch, and the blocks of one.
constexpr int teams_of(const kernels::SegmentLaunch& launch) {
    return launch.team == kernels::Team::block_a_member ? launch.blocks : 1;
}
constexpr int blocks_of_team(const kernels::SegmentLaunch& launch) {
    return launch.blocks / teams_of(launch);
}
/// "a grid of 64 blocks x 256 threads, each with a slice of the parameters".
std::string words_for(const kernels::SegmentLaunch& launch);

/// Fills in step_seconds, fetch_seconds and bound_by: T = max(fetch, work) + barriers + exchange + update.
void predict(SegmentPlan& plan, const kernels::LinearShape& shape, const RunFacts& run, const Card& card,
             const kernels::tuning::Expected& rates);

/// Device memory that the blocks of a plan work in, in floats.
struct WorkBuffers {
    std::int64_t exchange = 0, stack = 0, block_state = 0, block_sums = 0, gradients = 0;
    std::int64_t bytes() const {
        return (exchange + stack + block_state + block_sums + gradients) * static_cast<std::int64_t>(sizeof(float));
    }
};
WorkBuffers buffers_of(const kernels::LinearShape& shape, const SegmentPlan& plan, bool clips_by_norm);

}  // namespace glissade::cuda
