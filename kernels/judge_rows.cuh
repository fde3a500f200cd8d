// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/judge.hpp"
#include "kernels/device/fold.cuh"
#include "kernels/device/shared_storage.cuh"
#include "kernels/launch_judge.hpp"

namespace glissade::kernels {

/// The row of a thread, and where the switch over losses lands.
struct JudgeRow {
    const JudgeRowsParams& p;
    const float *scores, *targets;
    double* scratch;
    int step;
    rules::RowLoss& out;
    Link& link;

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        link = link_of<Rule>();
        out = rules::row_loss<Rule>(scores, p.outputs, targets, p.target_count, p.loss_constants, p.loss_factors, scratch, step);
    }
};

/// Keys that ascend as scores do; -0 equals 0.
__device__ __forceinline__ std::uint32_t rank_key(float score) {
    const std::uint32_t bits = __float_as_uint(score == 0.0f ? 0.0f : score);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Does: judges scores against targets, in double precision: a folded sum of each term of the metrics for each block of 256 rows.
// Layout: a thread a row; a block takes the rows of a folded sum, striding over them with the whole grid.
// Reads+Writes: (outputs + targets + weight) * 4 bytes read a row; terms * 8 / 256 written, 8 more for the area under the curve.
// Order of sums: that of rules::folded_terms, whatever the grid is.
// Presumes: runs begin at a multiple of 256 rows; scratch holds one value an output for each thread of the grid.
static __global__ void __launch_bounds__(rules::folded_terms, 1) judge_rows_kernel(const __grid_constant__ JudgeRowsParams params) {
    auto& storage = shared_storage<FoldStorage>();
    const int threads = static_cast<int>(gridDim.x) * rules::folded_terms;
    double* scratch = params.scratch + (static_cast<int>(blockIdx.x) * rules::folded_terms + static_cast<int>(threadIdx.x));
    const std::int64_t blocks = (params.rows + rules::folded_terms - 1) / rules::folded_terms;
    for (std::int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        const std::int64_t row = block * rules::folded_terms + threadIdx.x;
        const bool is_row = row < params.rows;
        const float* scores = params.scores + (is_row ? row : 0) * params.outputs;
        const float* targets = params.targets + (is_row ? row : 0) * params.target_count;
        const double weight = params.weights && is_row ? static_cast<double>(params.weights[row]) : 1.0;
        rules::RowLoss judged;
        Link link = Link::identity;
        visit_rule(LossRules{}, params.loss, JudgeRow{params, scores, targets, scratch, threads, judged, link});
        double* sums = params.sums + block;
        const auto put = [&](double term) {
            const double sum = block_fold(storage, is_row ? term : 0.0);
            if (threadIdx.x == 0) *sums = sum;
            sums += params.sum_stride;
        };
        put(weight * judged.loss);
        put(judged.correct ? weight : 0.0);
        if (params.labels) put(weight * judged.right_labels);
        if (params.shares) put(weight * rules::row_share_loss(scores, params.outputs, targets[0], scratch, threads));
        for (int o = 0; params.error_scales && o < params.outputs; ++o) {
            const double error = rules::row_error(scores[o], targets[o], link, params.error_scales[o]);
            put(weight * error * error);
            put(weight * rules::magnitude(error));
        }
        if (params.keys && is_row) {
            const float own = static_cast<float>(weight);
            params.keys[row] = rank_key(scores[0]);
            params.signed_weights[row] = targets[0] > 0.5f ? own : -own;
        }
    }
}

}  // namespace glissade::kernels
