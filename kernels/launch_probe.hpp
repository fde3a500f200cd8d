// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/launch.hpp"

/// The gate to the kernels that only measure a card; see launch.hpp.
namespace glissade::kernels {

/// Of what reads, every thread of the grid leaves the sum of what it read in `sums`, so that nothing is left out.
struct ProbeReadParams {
    const float* values = nullptr;
    std::int64_t count = 0;  ///< a multiple of 4
    int passes = 1;          ///< over the same values
    float* sums = nullptr;   ///< [blocks * row_threads]
};
struct ProbeCopyParams {
    const float* from = nullptr;
    float* to = nullptr;
    std::int64_t count = 0;  ///< a multiple of 4
};
struct ProbeGatherParams {
    const float* records = nullptr;  ///< [order.rows][record_floats]
    int record_floats = 4;           ///< a multiple of 4
    EpochOrder order;
    float* sums = nullptr;  ///< [blocks * row_threads]
};
struct ProbeBarrierParams {
    std::int64_t count = 0;
    Team team = Team::block;  ///< whose: of each block, of the one cluster that all blocks are, of the grid
    int cluster = 1;  ///< of a grid: beyond 1, clusters of so many blocks, each of which waits for its own first, as in a segment's step
};
/// Adds of 1 by atomics, `quarters` for each position of the order: to as many sectors of 32 bytes, far from each other.
struct ProbeAddParams {
    static constexpr int quarters = 4, sector_floats = 8;
    float* values = nullptr;  ///< [quarters][order.rows][sector_floats], of which the first of a sector is added to
    EpochOrder order;
    bool together = false;  ///< every add goes to the first value of all
};
int launch_probe_read(const ProbeReadParams& params, int blocks, StreamHandle stream);
int launch_probe_copy(const ProbeCopyParams& params, int blocks, StreamHandle stream);
int launch_probe_gather(const ProbeGatherParams& params, int blocks, StreamHandle stream);
int launch_probe_barrier(const ProbeBarrierParams& params, int blocks, int threads, StreamHandle stream);
int launch_probe_add(const ProbeAddParams& params, int blocks, StreamHandle stream);
/// Clusters of such a launch that the device holds at once; `blocks` is of one of them or more.
int resident_probe_clusters(const ProbeBarrierParams& params, int blocks, int threads, int* clusters_out);

}  // namespace glissade::kernels
