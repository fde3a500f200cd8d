// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/execution/probe.hpp"

namespace glissade {

/// What a CUDA card can do at the moment. Rates are bytes a second unless they say otherwise, times seconds, each over several repetitions
/// after one that does not count.
struct CardProbe {
    std::string name;
    int multiprocessors = 0;
    std::int64_t l2_bytes = 0;
    std::int64_t probed_bytes = 0;  ///< of the buffer that was read; far beyond the L2 cache where the card has the memory
    Spread read, copy;              ///< copy: bytes read plus bytes written
    Spread block_read;              ///< by one block alone
    Spread l2_read;                 ///< of half the L2 cache, again and again
    Spread gather;                  ///< whole rows of the asked size in shuffled order
    std::int64_t gather_row_bytes = 0;
    Spread upload;  ///< from pinned host memory
    Spread block_barrier_seconds;
    Spread cluster_barrier_seconds;  ///< of 8 blocks; zeros where there are none
    Spread grid_barrier_seconds;     ///< of one block a multiprocessor; zeros where there is no cooperative launch
    /// Of a grid of clusters: each waits for its own blocks, then all for the grid, as in a step. Clusters of 8 blocks, or of fewer where
    /// no two such are on the card at once; zeros where there are none, or no cooperative launch.
    Spread cluster_grid_barrier_seconds;
    Spread launch_seconds;      ///< from one empty kernel to the next in a stream
    Spread graph_node_seconds;  ///< the same within a graph: two chains of kernels by the difference of their lengths. 0: lost in noise
    Spread scattered_adds_per_second;  ///< float32 atomics, each to 32 bytes of its own, out of order all over the buffer
    Spread adds_to_one_per_second;     ///< the same, all to one value: what a column that every row holds is like
};

struct CardProbeLimits {
    std::int64_t bytes = std::int64_t{4} << 30;          ///< of each of two device buffers; a third of the free memory at most
    std::int64_t upload_bytes = std::int64_t{64} << 20;  ///< of pinned host memory
    int barriers = 1000;                                 ///< and launches, of one repetition
    int graph_nodes = 500;                               ///< of the shorter of two graphs; the other has twice as many
    int repetitions = 9;
};

/// Some tenths of a second. Throws Error(device | memory) if the card cannot be used. `row_bytes` counts up to whole 16 bytes.
CardProbe probe_card(int ordinal, std::int64_t row_bytes, const CardProbeLimits& limits);

}  // namespace glissade
