// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Sizes that launchers and plans share. No card has run these kernels yet: every number here is an expectation, to be replaced by what
/// scripts/on_gpu measures, with card and date.
namespace glissade::kernels::tuning {

inline constexpr int warp = 32;
inline constexpr int segment_threads = 256;  ///< of a block of the segment kernel, at most: 8 warps hide the latency of shared memory
inline constexpr int row_threads = 256;      ///< of a block of the kernels that give a warp to each row
inline constexpr int max_blocks = 128;       ///< of a grid team; a power of two, four partial sums a lane of a warp
inline constexpr int max_cluster = 16;       ///< of a cluster team; 8 on every card with clusters, 16 where it can be had
inline constexpr int max_grid_cluster = 8;
inline constexpr int loss_threads = 128;  ///< of a block of network_loss: as many rows at a time
inline constexpr int row_blocks_a_multiprocessor = 8;
inline constexpr int sparse_threads = 256;  ///< of a block of the kernels of sparse rows, at most

/// Up to here a row's dot product is shared by 8 threads, beyond by 32: fewer shuffles against more rows in flight.
inline constexpr int narrow_features = 128, narrow_row_threads = 8;

inline constexpr std::int64_t tile_rows = 64;          ///< aimed at
inline constexpr std::int64_t network_tile_rows = 32;  ///< the same for networks: a row a lane
/// One of the two buffers may take such a part of a block's shared memory, but at least so much, and one row in any case. On an H200 56 KB:
/// about 33 KB under way on each multiprocessor keep its memory busy.
inline constexpr std::int64_t tile_buffer_share = 4, least_tile_buffer_bytes = 16 << 10;

inline constexpr std::int64_t staging_bytes = 8 << 20;  ///< of one of the two buffers through which rows come to the card
inline constexpr std::int64_t table_bytes = 4 << 20;    ///< scalars of one launch

/// Of matrix products on tensor cores, against those in float32.
inline constexpr double tf32_speedup = 6, bfloat16_speedup = 12;

/// What plans expect of a card, in seconds and bytes a second.
struct Expected {
    double grid_barrier = 1.2e-6;
    double cluster_barrier = 0.35e-6;
    /// Of clusters, then of the grid that they make.
    double cluster_grid_barrier = grid_barrier + cluster_barrier;
    double block_step = 0.8e-6;                ///< a step's barriers and latencies within a block
    double tile = 0.5e-6;                      ///< the same for every further tile
    double block_memory = 60e9;                ///< that one multiprocessor draws from memory
    double l2_a_multiprocessor = 42e9;         ///< 5.5e12 on 132 of them
    double memory_a_multiprocessor = 8e9;      ///< where the driver does not tell the card's
    double memory_share = 0.9;                 ///< of the rate that clock and width give
    double gather_bytes = 16;                  ///< lost at the ends of each row that is read out of order
    double add_bytes = 64;                     ///< of memory's time that an atomic out of order takes: 32 read and written
    double l2_for_rows = 0.5;                  ///< share of the L2 cache that all rows may fill and still be read from there
    double l2_latency = 0.7e-6;                ///< of the first value that another multiprocessor wrote
    double cluster_latency = 0.15e-6;          ///< of the first value out of another block's shared memory
    double cluster_values = 6e9;               ///< values that one multiprocessor reads there
    double cached_parameters = 84e9;           ///< bytes of parameters that one multiprocessor reads through L1 from L2
    double shared_values = 48e9;               ///< values that one multiprocessor reads from shared memory
    double update = 2e-8;                      ///< of one parameter by one thread
    double graph_node = 1.2e-6;                ///< from one launch of a graph to the next that waits for it
    double products_a_multiprocessor = 500e9;  ///< float32 operations a second
    double product_share = 0.5;                ///< of them that matrix products of some size reach
    double network_products = 100e9;           ///< of a network's units by one multiprocessor in a segment kernel
};
inline constexpr Expected expected;

}  // namespace glissade::kernels::tuning
