// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace glissade::cuda {

/// What a caller wants instead of what the plan would choose; 0: no wish. Results never depend on it.
struct SparseWishes {
    int threads = 0;                        ///< of a block; a multiple of 32
    std::int64_t table_steps = 0;           ///< steps between two words with the host, at most
    std::int64_t staging_bytes = 0;         ///< of one staging buffer
    std::uint32_t latest_clock = 1u << 31;  ///< stamps are moved down beyond; more than most_age
};

/// Device memory of a scorer of sparse rows, the columns' scale not included.
struct SparseScoreShape {
    std::int64_t columns = 0, outputs = 1;
    bool bias = true;
    std::int64_t chunk_rows = 1, chunk_entries = 1;
    int threads = 32, multiprocessors = 1;

    /// From here on a chunk holds a row of so many entries.
    void hold(std::int64_t longest_row) { chunk_entries = std::max(chunk_entries, longest_row); }
    std::int64_t parameters() const { return outputs * (columns + (bias ? 1 : 0)); }
    std::int64_t bytes() const { return parameters() * 4 + 2 * (chunk_entries * 8 + (chunk_rows + 1) * 8 + chunk_rows * outputs * 4); }
    static SparseScoreShape of(std::int64_t columns, std::int64_t outputs, bool bias, int multiprocessors, const SparseWishes& wishes);
};

}  // namespace glissade::cuda
