// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/launch.hpp"

/// The gate to the kernels of metrics; see launch.hpp.
namespace glissade::kernels {

/// Scores against targets, for a run of rows. Terms of metrics, in this order: loss, correct, then, if asked for, the share of right labels
/// and the log loss of shares, then for each output with an error scale the squared and the absolute error.
struct JudgeRowsParams {
    std::int64_t rows = 0;
    int outputs = 1, target_count = 1;
    int loss = 0;  ///< index in LossRules
    double loss_constants[max_loss_constants] = {};
    const double* loss_factors = nullptr;  ///< [outputs]
    const double* error_scales = nullptr;  ///< [outputs], or null: no errors
    bool shares = false, labels = false;
    const float* scores = nullptr;   ///< [rows][outputs]
    const float* targets = nullptr;  ///< [rows][target_count]
    const float* weights = nullptr;  ///< [rows], or null: all 1
    double* scratch = nullptr;       ///< [outputs][threads of the grid]
    double* sums = nullptr;          ///< [terms][sum_stride]: of this run's blocks of rules::folded_terms rows
    std::int64_t sum_stride = 0;

    /// For the area under the curve, or null. Keys ascend as scores do; a weight is that of the row, negative for a row of class 0.
    std::uint32_t* keys = nullptr;    ///< [rows]
    float* signed_weights = nullptr;  ///< [rows]

    int terms() const { return 2 + (shares ? 1 : 0) + (labels ? 1 : 0) + (error_scales ? 2 * outputs : 0); }
};
int launch_judge_rows(const JudgeRowsParams& params, int blocks, StreamHandle stream);

/// One round of folding: out[t][b] = the folded sum of block b of in[t].
struct FoldParams {
    std::int64_t count = 0;  ///< of values in a term
    int terms = 1;
    const double* in = nullptr;  ///< [terms][in_stride]
    std::int64_t in_stride = 0;
    double* out = nullptr;  ///< [terms][out_stride]
    std::int64_t out_stride = 0;
};
int launch_fold(const FoldParams& params, int blocks, StreamHandle stream);

/// One round of scan_before (host/train/folded_sum.hpp): within blocks, with the blocks' sums.
struct ScanParams {
    std::int64_t count = 0;
    double* values = nullptr;
    double* sums = nullptr;  ///< [blocks of values]
};
int launch_scan_blocks(const ScanParams& params, int blocks, StreamHandle stream);
/// Adds the sums, scanned by now, to the blocks.
int launch_add_before(const ScanParams& params, int blocks, StreamHandle stream);

/// Pairs of a positive and a negative, from scores in ascending order.
struct RankParams {
    std::int64_t rows = 0;
    const std::uint32_t* keys = nullptr;    ///< [rows], ascending
    const float* signed_weights = nullptr;  ///< [rows]
    double* negatives = nullptr;            ///< [rows + 1]
    double* wins = nullptr;                 ///< [blocks of rows]: folded
};
/// negatives[i] = the weight of row i if it is a negative; 0 behind the last.
int launch_list_negatives(const RankParams& params, int blocks, StreamHandle stream);
/// From negatives, scanned by now.
int launch_count_wins(const RankParams& params, int blocks, StreamHandle stream);

}  // namespace glissade::kernels
