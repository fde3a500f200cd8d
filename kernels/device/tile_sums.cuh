// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/bfloat16.hpp"
#include "kernels/device/segment_block.cuh"

namespace glissade::kernels {

/// What a thread adds up: of `own` columns from `column` on, products with what the word `j` of a row's features holds, or, behind the last
/// of these, with 1: the biases; or, without columns, a member's loss.
struct SumItem {
    int column, own, j;
    bool is_loss;
    template <int Columns, Exchange Kind>
    static __device__ __forceinline__ SumItem of(const SegmentBlock<Kind>& b, int i) {
        const int products = static_cast<int>(b.p.shape.sum_items()) - b.members;
        if (i >= products) return {i - products + b.columns, 1, b.feature_words, true};
        const int block = b.p.by_row_factors.quotient(i), column = block * Columns;
        return {column, b.columns - column < Columns ? b.columns - column : Columns, i - block * static_cast<int>(b.p.shape.row_factors()),
                false};
    }
};

/// Adds rows, in order, to a partial sum's values: an item's columns with `Values` features, or with 1. `value(row, v)`: the v-th.
template <int Columns, int Values, Exchange Kind, class Value>
__device__ __forceinline__ void add_rows(const SegmentBlock<Kind>& b, const SumItem& item, float* sums, const float* slopes, int count,
                                         bool first, const Value& value) {
    float* target[Columns];
    ColumnCursor cursor = ColumnCursor::at(b, item.is_loss ? 0 : item.column);
#pragma unroll
    for (int c = 0; c < Columns; ++c) {
        const int within = item.j < b.feature_words ? cursor.output * b.features + item.j * Values : b.weights + cursor.output;
        target[c] = item.is_loss ? sums + b.parameters + (item.column - b.columns) : sums + cursor.member * b.member_parameters + within;
        if (c + 1 < item.own) cursor.next(b.outputs);
    }
    float sum[Columns][Values];
    int at[Columns];  // beyond the last column: that one once more, not stored
#pragma unroll
    for (int c = 0; c < Columns; ++c) {
        at[c] = item.column + (c < item.own ? c : item.own - 1);
#pragma unroll
        for (int v = 0; v < Values; ++v) sum[c][v] = first || c >= item.own || !value.has(v) ? 0.0f : target[c][v];
    }
#pragma unroll 4
    for (int r = 0; r < count; ++r) {
        float x[Values];
        value.get(r, x);
#pragma unroll
        for (int c = 0; c < Columns; ++c)
#pragma unroll
            for (int v = 0; v < Values; ++v) sum[c][v] = rules::fused(slopes[r * b.score_stride() + at[c]], x[v], sum[c][v]);
    }
#pragma unroll
    for (int c = 0; c < Columns; ++c)
#pragma unroll
        for (int v = 0; v < Values; ++v)
            if (c < item.own && value.has(v)) target[c][v] = sum[c][v];
}

/// A row's factor: a feature, or 1.
struct PlainValue {
    const float* right;
    const std::int64_t* rows;  ///< of all, or null: one after another
    int step;
    static __device__ __forceinline__ bool has(int) { return true; }
    __device__ __forceinline__ void get(int r, float (&x)[1]) const { x[0] = rows ? right[rows[r] * step] : right[r * step]; }
};
/// Two features of a word; of the last one maybe one.
struct PackedValue {
    const float* right;
    const std::int64_t* rows;
    int step;
    bool has_second;
    __device__ __forceinline__ bool has(int v) const { return v == 0 || has_second; }
    __device__ __forceinline__ void get(int r, float (&x)[2]) const {
        const auto word = __builtin_bit_cast(std::uint32_t, rows ? right[rows[r] * step] : right[r * step]);
        x[0] = rules::first_bfloat16(word);
        x[1] = rules::second_bfloat16(word);
    }
};

/// Adds the tile's rows, in order, to the sums of its partials. A thread owns (partial, `Columns` columns, word of features or bias) items,
/// or a loss. A bias and a loss are products with 1.
template <int Columns, Exchange Kind>
__device__ __forceinline__ void add_items(const SegmentBlock<Kind>& b, const RecordPipeline& pipeline, int partials, bool first) {
    const int items = static_cast<int>(b.p.shape.sum_items()), record_floats = b.record_floats();
    const std::int64_t* far = b.far_rows(pipeline);
    for (int i = b.thread(); i < partials * items; i += b.threads()) {
        const int q = b.p.by_sum_items.quotient(i);
        const SumItem item = SumItem::of<Columns>(b, i - q * items);
        const int first_row = q << pipeline.row_bits(), count = pipeline.counts()[q];
        const float* slopes = b.scores() + first_row * b.score_stride();
        float* sums = b.sums() + static_cast<std::int64_t>(q) * b.sum_count;
        const bool is_word = item.j < b.feature_words;
        const float* word = far ? b.p.records + item.j : pipeline.records() + first_row * record_floats + item.j;
        const std::int64_t* rows = far ? far + first_row : nullptr;
        if (is_word && b.p.shape.bfloat16)
            add_rows<Columns, 2>(b, item, sums, slopes, count, first, PackedValue{word, rows, record_floats, 2 * item.j + 1 < b.features});
        else
            add_rows<Columns, 1>(b, item, sums, slopes, count, first,
                                 PlainValue{is_word ? word : &b.storage.one, is_word ? rows : nullptr, is_word ? record_floats : 0});
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
