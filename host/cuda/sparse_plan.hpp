// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "glissade/rules/waiting.hpp"
#include "host/cuda/card.hpp"
#include "host/cuda/run_budget.hpp"
#include "kernels/launch_sparse.hpp"

namespace glissade::cuda {

/// What a caller wants instead of what the plan would choose; 0: no wish. Results never depend on it.
struct SparseWishes {
    int threads = 0;                        ///< of a block; a multiple of 32
    std::int64_t table_steps = 0;           ///< steps between two words with the host, at most
    std::int64_t staging_bytes = 0;         ///< of one staging buffer
    std::uint32_t latest_clock = 1u << 31;  ///< stamps are moved down beyond; more than most_age
};

/// Steps since a column was held: a float32 holds each up to here.
inline constexpr std::uint32_t most_age = (1u << 24) - 1;

/// How a run on sparse rows is laid on a card, and what it takes: a pure function of its arguments, but for the sort's scratch, which CUB
/// tells.
struct SparseCardPlan {
    /// Bits of a group's number, of column_groups besides.
    static constexpr int group_bits = std::bit_width(static_cast<unsigned>(column_groups));

    kernels::SparseShape shape;
    std::int64_t batch_rows = 1, partials = 1;
    std::int64_t capacity = 1;  ///< entries that a batch may have
    bool clips_by_norm = false;
    bool by_slot = false;  ///< entries carry their place in the batch through the sort, not their term
    int key_bits = 1;      ///< of a column
    std::int64_t sort_bytes = 0;
    bool touches = true;         ///< a step updates the batch's columns ...
    bool runs_over_all = false;  ///< ... and each runs over all of them
    int threads = 32, row_blocks = 1, score_blocks = 1, entry_blocks = 1, column_blocks = 1, norm_blocks = 1;
    std::int64_t chunk_columns = 1;  ///< records that come and go together
    std::int64_t chunk_entries = 1;  ///< of rows that are scored
    std::int64_t chunk_rows = 1;
    MemoryBudget budget;
    StepPrediction prediction;
    double bytes_a_nonzero = 0;  ///< that a step reads and writes, expected

    std::int64_t tiles() const { return (batch_rows + threads - 1) / threads; }
    std::int64_t record_floats() const { return shape.columns * shape.stride(); }
    std::int64_t bias_floats() const { return (1 + shape.vectors()) * shape.models(); }
    /// That a step over all parameters reads and writes.
    std::int64_t bytes_of_all() const { return 2 * record_floats() * static_cast<std::int64_t>(sizeof(float)); }
};

/// Throws Error(device) if a batch may have more entries than 32 bits count.
SparseCardPlan plan_sparse_card(const Problem<float>& problem, const Card& card, const kernels::tuning::Expected& rates,
                                const SparseWishes& wishes);

kernels::SparseShape sparse_shape_of(const Problem<float>& problem);

/// Device memory of a scorer of sparse rows, the columns' scale not included.
struct SparseScoreShape {
    std::int64_t columns = 0, outputs = 1;
    bool bias = true;
    std::int64_t chunk_rows = 1, chunk_entries = 1;
    int threads = 32, multiprocessors = 1;

    std::int64_t parameters() const { return outputs * (columns + (bias ? 1 : 0)); }
    std::int64_t bytes() const { return parameters() * 4 + 2 * (chunk_entries * 8 + (chunk_rows + 1) * 8 + chunk_rows * outputs * 4); }
    static SparseScoreShape of(std::int64_t columns, std::int64_t outputs, bool bias, int multiprocessors, const SparseWishes& wishes);
};

}  // namespace glissade::cuda
