// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/segment_loop.cuh"
#include "kernels/device/tile_scores.cuh"

namespace glissade::kernels {

/// What a tile's rows add to the sums of a model of the linear family.
struct AddLinearTile {
    template <class Block>
    __device__ __forceinline__ void operator()(const Block& b, const RecordPipeline& pipeline, const TileOfBatch& tile) const {
        const int partials = tile.part.division.group_partials;
        score_tile(b, pipeline, partials);
        __syncthreads();
        add_tile(b, pipeline, partials, tile.chunk == 0);
    }
};

// Does: runs a segment of training steps of a dense model of the linear family; freezes before the first step with a sum that is not
// finite. Layout: a block takes an aligned run of a batch's partial sums, tile by tile; 8 or 32 threads a row for scores, a thread for each
// (partial, 1 or 4 columns, feature) for gradients; then the exchange. Grid team: cooperative, a power of two of blocks.
// Reads+Writes: record_floats * 4 bytes a row, once; a step also writes sums * 4 bytes of exchange in each block and reads, replica: as
// much
//   of every block; sliced: a slice of every block and all parameters (L2).
// Order of sums: SumShape's, whatever blocks, threads and tile are.
// Presumes: every value it reads is there when it starts (its stream), tile sizes are powers of two, layout.bytes of dynamic shared memory.
template <Exchange Kind>
__global__ void __launch_bounds__(tuning::segment_threads, 1) segment_linear_kernel(const __grid_constant__ SegmentLinearParams params) {
    run_segment<Kind>(params, AddLinearTile{});
}

}  // namespace glissade::kernels
