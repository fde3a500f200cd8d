// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/cpu/budget.hpp"
#include "host/cpu/sparse_layout.hpp"

namespace glissade::cpu {

/// What a sparse run takes, worked out before anything is allocated.
struct SparsePlan {
    int threads = 1;                    ///< that share a batch
    int team_threads = 1;               ///< that share scoring: the same, or `threads` is 1
    std::int64_t batch_rows = 1;        ///< of a full batch
    std::int64_t rows_a_thread = 1;     ///< at most
    std::int64_t entries_a_part = 0;    ///< of one thread's rows, for one thread's columns, where several threads share a batch
    std::int64_t touched_a_thread = 0;  ///< columns of a batch
    std::int64_t held_a_thread = 0;     ///< columns listed before they are told apart
    static constexpr std::uint32_t most_age = (1u << 24) - 1;  ///< steps since a column was touched: a float32 holds each up to here
    std::uint32_t latest_clock = 1u << 31;                     ///< stamps are moved down beyond; more than most_age
    Budget budget;
};

template <class Real>
SparsePlan plan_sparse(const Problem<Real>& problem, int threads);

/// Bytes of records that every step reads and writes beside the batch, where each step runs over all parameters; else 0.
template <class Real>
std::int64_t bytes_of_all(const Problem<Real>& problem);

}  // namespace glissade::cpu
