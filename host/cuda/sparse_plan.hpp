// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "glissade/rules/waiting.hpp"
#include "host/cuda/card.hpp"
#include "host/cuda/run_budget.hpp"
#include "host/cuda/sparse_shape.hpp"
#include "kernels/launch_sparse.hpp"

namespace glissade::cuda {

/// Steps since a column was held: a float32 holds each up to here.
inline constexpr std::uint32_t most_age = (1u << 24) - 1;

/// How a run on sparse rows is laid on a card, and what it takes: a pure function of its arguments, but for the sort's scratch, which CUB
/// tells.
struct SparseCardPlan {
    /// Bits of a group's number, of column_groups besides.
    static constexpr int group_bits = std::bit_width(static_cast<unsigned>(column_groups));

    /// Of parameters and state: where steps work, before the segment under way, before the one behind it.
    static constexpr int stores = 3;

    kernels::SparseShape shape;
    std::int64_t batch_rows = 1, partials = 1;
    std::int64_t capacity = 1;  ///< entries that a batch may have
    bool clips_by_norm = false;
    bool by_atomics = false;  ///< gradients are added by atomics, not after a sort
    bool by_slot = false;     ///< entries carry their place in the batch through the sort, not their term
    int key_bits = 1;         ///< of a column
    std::int64_t sort_bytes = 0;
    bool touches = true;            ///< a step updates the batch's columns ...
    bool runs_over_all = false;     ///< ... and each runs over all of them ...
    bool may_run_over_all = false;  ///< ... or some do
    int threads = 32, row_blocks = 1, score_blocks = 1, entry_blocks = 1, column_blocks = 1, norm_blocks = 1;
    std::int64_t chunk_columns = 1;  ///< records that come and go together
    MemoryBudget budget;             ///< validation counts as memory to work with
    JudgeBudget held_out;            ///< ... of which so much
    bool keeps_held_out = false;     ///< validation rows stay on the device; else they come again for each evaluation
    SparseScoreShape score;
    StepPrediction prediction;
    double bytes_a_nonzero = 0;  ///< that a step reads and writes, expected

    JudgeShape judge_shape(bool keeps_rows) const { return {shape.outputs, keeps_rows ? 0 : score.chunk_rows, score.multiprocessors}; }
    std::int64_t tiles() const { return (batch_rows + threads - 1) / threads; }
    std::int64_t record_floats() const { return shape.columns * shape.stride(); }
    std::int64_t bias_floats() const { return (1 + shape.vectors()) * shape.models(); }
    /// That a step over all parameters reads and writes.
    std::int64_t bytes_of_all() const { return 2 * record_floats() * static_cast<std::int64_t>(sizeof(float)); }
};

/// Throws Error(device) if a batch may have more entries than 32 bits count. Validation rows are kept on the card if they fit what is free
/// and what the limits allow.
SparseCardPlan plan_sparse_card(const Problem<float>& problem, const Card& card, const BackendLimits& limits, const SparseWishes& wishes);

kernels::SparseShape sparse_shape_of(const Problem<float>& problem);

}  // namespace glissade::cuda
