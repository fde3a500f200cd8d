// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "glissade/rules/sum_shape.hpp"
#include "kernels/launch.hpp"

namespace glissade::kernels {

/// A block's part of one batch: an aligned run of its partial sums, taken in groups that fill a tile, each in chunks of rows.
struct BlockBatch {
    std::int64_t begin = 0;  ///< the batch's first position within its epoch
    std::int64_t rows = 0;   ///< of the batch
    int partial_bits = 0;    ///< log2 of its partial sums
    int active_blocks = 1;   ///< blocks that have a part of it
    int first_partial = 0;
    int group_partials = 1;  ///< partial sums in a tile
    int groups = 0;          ///< 0: this block has no part
    int chunks = 1;          ///< tiles of a group

    static __device__ __forceinline__ BlockBatch of(const SegmentLinearParams& params, std::int64_t batch, int block, int blocks) {
        BlockBatch part;
        part.begin = batch * params.batch_size;
        const std::int64_t left = params.rows - part.begin;
        part.rows = left < params.batch_size ? left : params.batch_size;
        const SumShape shape = SumShape::of_batch(part.rows);
        const int partials = static_cast<int>(shape.partials);
        part.partial_bits = __ffs(partials) - 1;
        part.active_blocks = partials < blocks ? partials : blocks;
        const int own = partials / part.active_blocks;
        part.first_partial = block * own;
        const int fit = static_cast<int>(params.tile.partials);
        part.group_partials = own < fit ? own : fit;
        part.groups = block < part.active_blocks ? own / part.group_partials : 0;
        const std::int64_t longest = (part.rows + partials - 1) >> part.partial_bits;
        part.chunks = static_cast<int>((longest + params.tile.rows - 1) / params.tile.rows);
        return part;
    }

    /// SumShape::begin with the division as a shift.
    __device__ __forceinline__ std::int64_t first_row(int partial) const { return (partial * rows) >> partial_bits; }
};

/// Which batch a step is: epochs are counted from the segment's first.
struct BatchCursor {
    std::int64_t step = 0, epoch = 0, batch = 0;
    __device__ __forceinline__ void advance(std::int64_t steps_per_epoch) {
        ++step;
        if (++batch == steps_per_epoch) {
            batch = 0;
            ++epoch;
        }
    }
};

}  // namespace glissade::kernels
