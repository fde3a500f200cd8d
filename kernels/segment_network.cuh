// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/network_tile.cuh"

namespace glissade::kernels {

/// What a tile's rows add to the sums of networks, member by member.
struct AddNetworkTile {
    template <class Block>
    __device__ __forceinline__ void operator()(const Block& b, const RecordPipeline& pipeline, const TileOfBatch& tile) const {
        const NetworkTile<Block> network(b, pipeline, tile);
        if (b.p.shape.bfloat16) {
            network.unpack();
            __syncthreads();
        }
        for (int m = 0; m < b.members; ++m) {
            if (m > 0) __syncthreads();
            network.run(m);
        }
    }
};

// Does: runs a segment of training steps of networks; freezes before the first step with a sum that is not finite. Units of rows never
// leave shared memory. Layout: a block takes an aligned run of a batch's partial sums, up to 32 rows of one at a time; forward and back a
// thread has 8 units of a row, for gradients 8 x 1 weights; then the exchange, as of segment_linear.
// Reads+Writes: record_floats * 4 bytes a row, once; a step's exchange as of segment_linear; parameters that are not in shared memory come
// through the caches twice a tile.
// Order of sums: products in the order of units, gradients row by row within SumShape's partial sums (at most 128), then by its tree,
// whatever blocks, threads and tile are.
// Presumes: as segment_linear; a tile has one partial sum.
template <Exchange Kind>
__global__ void __launch_bounds__(tuning::segment_threads, 1) segment_network_kernel(const __grid_constant__ SegmentNetworkParams params) {
    run_segment<Kind>(params, AddNetworkTile{});
}

}  // namespace glissade::kernels
