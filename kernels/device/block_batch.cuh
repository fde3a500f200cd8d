// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/launch.hpp"

namespace glissade::kernels {

/// A block's part of one batch.
struct BlockBatch {
    BatchDivision division;
    std::int64_t begin = 0;  ///< the batch's first position within its epoch
    int first_partial = 0;
    int groups = 0;  ///< 0: this block has no part

    static __device__ __forceinline__ BlockBatch of(const SegmentLinearParams& params, std::int64_t batch, int block) {
        BlockBatch part;
        part.division = batch + 1 == params.steps_per_epoch ? params.last_division : params.division;
        part.begin = batch * params.batch_size;
        part.first_partial = block * part.division.own_partials;
        part.groups = block < part.division.active_blocks ? part.division.groups : 0;
        return part;
    }

    /// SumShape::begin with the division as a shift.
    __device__ __forceinline__ std::int64_t first_row(int partial) const { return (partial * division.rows) >> division.partial_bits; }
};

}  // namespace glissade::kernels
