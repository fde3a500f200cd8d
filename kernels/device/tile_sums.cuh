// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/segment_block.cuh"

namespace glissade::kernels {

/// Adds the tile's rows, in order, to the sums of its partials. A thread owns (partial, `Columns` columns, feature or bias) items, or a
/// loss. A bias and a loss are products with 1.
template <int Columns, Exchange Kind>
__device__ __forceinline__ void add_items(const SegmentBlock<Kind>& b, const RecordPipeline& pipeline, int partials, bool first) {
    const int items = static_cast<int>(b.p.shape.sum_items()), factors = b.features + (b.p.shape.bias ? 1 : 0);
    const int product_items = items - b.members;
    const int record_floats = b.record_floats(), score_stride = b.score_stride();
    const std::int64_t* far = b.far_rows(pipeline);
    for (int item = b.thread(); item < partials * items; item += b.threads()) {
        const int q = b.p.by_sum_items.quotient(item), i = item - q * items;
        const int first_row = q << pipeline.row_bits(), count = pipeline.counts()[q];
        const float* left = b.scores() + first_row * score_stride;
        const float* right = &b.storage.one;
        int right_step = 0, column = i - product_items + b.columns, own = 1;
        float* sums = b.sums() + static_cast<std::int64_t>(q) * b.sum_count;
        float* target[Columns];
#pragma unroll
        for (int c = 0; c < Columns; ++c) target[c] = sums + b.parameters + (i - product_items);  // a loss, unless ...
        if (i < product_items) {
            const int block = b.p.by_row_factors.quotient(i), j = i - block * factors;
            column = block * Columns;
            own = b.columns - column < Columns ? b.columns - column : Columns;
            if (j < b.features) {
                right = far ? b.p.records + j : pipeline.records() + first_row * record_floats + j;
                right_step = record_floats;
            }
            ColumnCursor cursor = ColumnCursor::at(b, column);
#pragma unroll
            for (int c = 0; c < Columns; ++c) {
                const int within = j < b.features ? cursor.output * b.features + j : b.weights + cursor.output;
                target[c] = sums + cursor.member * b.member_parameters + within;
                if (c + 1 < own) cursor.next(b.outputs);
            }
        }
        float sum[Columns];
        int at[Columns];  // beyond the last column: that one once more, not stored
#pragma unroll
        for (int c = 0; c < Columns; ++c) {
            at[c] = column + (c < own ? c : own - 1);
            sum[c] = first || c >= own ? 0.0f : *target[c];
        }
#pragma unroll 4
        for (int r = 0; r < count; ++r) {
            const float x = far ? right[far[first_row + r] * right_step] : right[r * right_step];
#pragma unroll
            for (int c = 0; c < Columns; ++c) sum[c] = rules::fused(left[r * score_stride + at[c]], x, sum[c]);
        }
#pragma unroll
        for (int c = 0; c < Columns; ++c)
            if (c < own) *target[c] = sum[c];
    }
}

template <Exchange Kind>
__device__ __forceinline__ void add_tile(const SegmentBlock<Kind>& b, const RecordPipeline& pipeline, int partials, bool first) {
    b.columns == 1 ? add_items<1>(b, pipeline, partials, first) : add_items<4>(b, pipeline, partials, first);
}

/// The tree over the partials of a group, then over the groups so far: what waits for its other half lies on a stack, level by level. The
/// last group leaves the block's part of the batch's sums in the first `sum_count`, element e with thread e % threads().
template <class Block>
__device__ __forceinline__ void merge_group(const Block& b, int partials, int group, int groups) {
    const std::int64_t sum_count = b.sum_count;
    float* stack = b.p.stack + Blocks::rank() * b.p.stack_levels * sum_count;
    float* sums = b.sums();
    for (int e = b.thread(); e < b.sum_count; e += b.threads()) {
        for (int reach = 1; reach < partials; reach *= 2)
            for (int q = 0; q < partials; q += 2 * reach) {
                float* left = sums + q * sum_count + e;
                *left = *left + left[reach * sum_count];
            }
        if (groups == 1) continue;
        float sum = sums[e];
        int level = 0;
        for (; (group >> level) & 1; ++level) sum = stack[level * sum_count + e] + sum;
        if (group + 1 < groups)
            stack[level * sum_count + e] = sum;
        else
            sums[e] = sum;
    }
}

}  // namespace glissade::kernels
