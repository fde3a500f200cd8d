// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/dot.cuh"
#include "kernels/device/linear_rules.cuh"
#include "kernels/device/segment_block.cuh"

namespace glissade::kernels {

/// A warp's part of a tile's scores: a run of rows, or, where there are more warps than rows, some columns of a run that several share.
struct ScoreShare {
    static constexpr int column_block = 4;
    int begin, end, first_column, end_column;
    int run;      ///< rows of a warp
    int sharers;  ///< warps with the same rows

    template <Exchange Kind>
    static __device__ __forceinline__ ScoreShare of(const SegmentBlock<Kind>& b, int rows, int rows_at_once) {
        const int runs = (rows + rows_at_once - 1) / rows_at_once;
        ScoreShare share;
        share.sharers = b.columns > column_block && b.warps() > runs ? b.warps() / runs : 1;
        share.run = share.sharers > 1 ? rows_at_once : (runs + b.warps() - 1) / b.warps() * rows_at_once;
        share.begin = b.warp() / share.sharers * share.run;
        share.end = share.begin + share.run < rows ? share.begin + share.run : rows;
        share.first_column = 0;
        share.end_column = b.columns;
        if (share.sharers > 1) {
            const int blocks = (b.columns + column_block - 1) / column_block;
            const int own = (blocks + share.sharers - 1) / share.sharers * column_block;
            share.first_column = b.warp() % share.sharers * own;
            if (share.first_column + own < share.end_column) share.end_column = share.first_column + own;
        }
        return share;
    }
};

/// Where the records of a tile are: one after another in shared memory, or, if `far` is not null, at these rows of all.
struct TileRows {
    const float* records;
    const std::int64_t* far;
    int stride;
    /// Of no row, where a row has to be read all the same: any.
    __device__ __forceinline__ const float* record(int row) const {
        return far ? records + (far[row] < 0 ? 0 : far[row]) * stride : records + row * stride;
    }
};

/// `Rows` x `Columns` scores at a time by `RowThreads` threads. Rows and columns beyond the last are played and not stored: every lane
/// takes part in the shuffles.
template <int RowThreads, int Rows, int Columns, Exchange Kind>
__device__ __forceinline__ void score_share(const SegmentBlock<Kind>& b, const TileRows& tile, const ScoreShare& share) {
    constexpr int neighbours = tuning::warp / RowThreads;
    const float* theta = b.theta();
    for (int base = share.begin; base < share.end; base += neighbours * Rows) {
        const int first = base + b.lane() / RowThreads;
        const float* x[Rows];
#pragma unroll
        for (int r = 0; r < Rows; ++r) {
            const int row = first + r * neighbours;
            x[r] = tile.record(row < share.end ? row : base);
        }
        ColumnCursor cursor = ColumnCursor::at(b, share.first_column);
        for (int column = share.first_column; column < share.end_column; column += Columns) {
            const float* w[Columns];
            float bias[Columns], score[Rows][Columns];
#pragma unroll
            for (int c = 0; c < Columns; ++c) {
                const float* member = theta + cursor.member * b.member_parameters;
                w[c] = member + cursor.output * b.features;
                bias[c] = b.p.shape.bias ? member[b.weights + cursor.output] : 0.0f;
                if (column + c + 1 < share.end_column) cursor.next(b.outputs);
            }
            if (b.p.shape.bfloat16)
                packed_lane_dots<RowThreads>(b.features, b.lane() % RowThreads, x, w, score);
            else
                lane_dots<RowThreads>(b.features, b.lane() % RowThreads, x, w, score);
            if (b.lane() % RowThreads != 0) continue;
#pragma unroll
            for (int r = 0; r < Rows; ++r) {
                const int row = first + r * neighbours;
#pragma unroll
                for (int c = 0; c < Columns; ++c)
                    if (row < share.end && column + c < share.end_column)
                        b.scores()[row * b.score_stride() + column + c] = b.p.shape.bias ? score[r][c] + bias[c] : score[r][c];
            }
        }
    }
}

/// Scores of the first `partials` partial sums' rows of the tile, then slopes in their place and losses beside them.
template <Exchange Kind>
__device__ __forceinline__ void score_tile(const SegmentBlock<Kind>& b, const RecordPipeline& pipeline, int partials) {
    constexpr int narrow_threads = tuning::narrow_row_threads, columns = ScoreShare::column_block;
    const bool narrow = b.features <= tuning::narrow_features;
    const int rows = partials << pipeline.row_bits();
    const std::int64_t* far = b.far_rows(pipeline);
    const TileRows tile{far ? b.p.records : pipeline.records(), far, b.record_floats()};
    const ScoreShare share = ScoreShare::of(b, rows, narrow ? tuning::warp / narrow_threads : 1);
    if (narrow)
        b.columns == 1 ? score_share<narrow_threads, 1, 1>(b, tile, share) : score_share<narrow_threads, 1, columns>(b, tile, share);
    else if (b.columns == 1)
        share.run < 4 ? score_share<tuning::warp, 1, 1>(b, tile, share) : score_share<tuning::warp, 4, 1>(b, tile, share);
    else
        share.run < 2 ? score_share<tuning::warp, 1, columns>(b, tile, share) : score_share<tuning::warp, 2, columns>(b, tile, share);
    // A row's slopes need all its scores.
    LossTask task{tile.records + b.feature_words,
                  far,
                  b.scores(),
                  pipeline.counts(),
                  b.record_floats(),
                  b.score_stride(),
                  pipeline.row_bits(),
                  share.begin + b.lane(),
                  share.end,
                  tuning::warp,
                  b.first_member,
                  b.members};
    if (share.sharers > 1) {
        __syncthreads();
        task.first = b.thread();
        task.end = rows;
        task.step = b.threads();
    } else {
        __syncwarp();
    }
    // Not in score_share: every loss's code once.
    visit_rule(LossRules{}, b.p.loss, EvaluateLoss{b.p, task});
}

}  // namespace glissade::kernels
