// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/cpu/layout.hpp"

namespace glissade::cpu {

/// Memory that a CPU backend takes, besides the data, in bytes.
struct Budget {
    std::int64_t state_bytes = 0;    ///< parameters and state, and the copy for rolling back
    std::int64_t sums_bytes = 0;     ///< partial sums of all threads, and the gradient
    std::int64_t scratch_bytes = 0;  ///< tiles
    std::int64_t total() const { return state_bytes + sums_bytes + scratch_bytes; }
};

/// How much is allocated, in reals.
struct Sizes {
    std::int64_t state = 0;  ///< parameters and all state vectors of all members
    std::int64_t gradient = 0;
    std::int64_t slot_sums = 0;       ///< all slots together
    std::int64_t stack_a_thread = 0;  ///< partial sums that wait to be merged
    std::int64_t tile_a_thread = 0;   ///< scores, losses, targets, weights of a tile
    std::int64_t rows_a_thread = 0;   ///< a tile's transformed rows
};

template <class Real>
Sizes backend_sizes(const Problem<Real>& problem, int threads);

template <class Real>
Budget backend_budget(const Problem<Real>& problem, int threads);

/// Throws Error(memory) with the figures and a remedy unless the budget fits `limit_bytes` (0: what the system has available).
void check_budget(const Budget& budget, int threads, std::int64_t limit_bytes);

/// "12.3 MB"
std::string bytes_text(std::int64_t bytes);

}  // namespace glissade::cpu
