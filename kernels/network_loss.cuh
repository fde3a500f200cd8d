// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "kernels/device/row_loss.cuh"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch_network.hpp"

namespace glissade::kernels {

/// A row of one member, and where the switch over losses lands.
struct NetworkLossRow {
    const NetworkLossParams& p;
    const float* targets;
    const float* bias;  ///< of the member, or null
    float* z;           ///< scores in, slopes out
    float weight;
    float* loss_out;

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        const int outputs = static_cast<int>(p.outputs);
        if (bias)
            for (int o = 0; o < outputs; ++o) z[o] = z[o] + bias[o];
        float loss = RowLoss{p.loss_constants, p.smoothing, outputs, static_cast<int>(p.target_count)}.evaluate<Rule>(z, targets);
        if (p.weights) loss = weigh_row(weight, loss, z, outputs);
        *loss_out = loss;
    }
};

/// Adds up, in row order, the column at `values` of the rows of partial sum `v`.
__device__ __forceinline__ float sum_of_rows(const SumShape& sums, std::int64_t v, const float* values, std::int64_t stride) {
    float sum = 0.0f;
    for (std::int64_t r = sums.begin(v); r < sums.begin(v + 1); ++r) sum = sum + values[r * stride];
    return sum;
}

// Does: scores of all members become slopes; partial sums of the slopes, which are the biases' of the last layer, and of the losses.
// Layout: a block whole partial sums of one member: a thread a row, then a thread a partial sum and output or loss.
// Reads+Writes: (targets + weight) * 4 bytes read, outputs * 4 read and written a few times, out of the L1 cache, 4 more written a row.
// Order of sums: SumShape's: row by row from 0 within a partial sum; classes of a row in their order.
// Presumes: classes within the outputs. Rows of many outputs are strided reads. Without the 8 blocks ptxas takes 48 registers and spills.
static __global__ void __launch_bounds__(tuning::loss_threads, 8) network_loss_kernel(const __grid_constant__ NetworkLossParams params) {
    const NetworkShape& shape = params.shape;
    const std::int64_t of_a_member = params.sums.partials / params.block_partials, outputs = params.outputs;
    for (std::int64_t group = blockIdx.x; group < shape.members * of_a_member; group += gridDim.x) {
        const std::int64_t m = group / of_a_member, first = (group - m * of_a_member) * params.block_partials;
        float* slopes = params.scores + m * shape.rows * outputs;
        float* losses = params.losses + m * shape.rows;
        const float* bias = params.bias ? params.bias + m * params.bias_stride : nullptr;
        const std::int64_t set = params.member_sets ? params.member_sets[m] : 0;
        const std::int64_t end = params.sums.begin(first + params.block_partials);
        for (std::int64_t r = params.sums.begin(first) + threadIdx.x; r < end; r += blockDim.x)
            visit_rule(LossRules{}, params.loss,
                       NetworkLossRow{params, params.targets + r * params.target_count, bias, slopes + r * outputs,
                                      params.weights ? params.weights[r * params.weight_sets + set] : 1.0f, losses + r});
        __syncthreads();
        const std::int64_t sums = params.bias ? outputs + 1 : 1;
        for (std::int64_t i = threadIdx.x; i < params.block_partials * sums; i += blockDim.x) {
            const std::int64_t v = first + i / sums, o = i % sums;
            float* out = params.partial_sums + v * shape.all_partial_sums() + m * shape.partial_sums;
            if (o == sums - 1)
                out[shape.partial_sums - 1] = sum_of_rows(params.sums, v, losses, 1);
            else
                out[params.first_partial_sum + o] = sum_of_rows(params.sums, v, slopes + o, outputs);
        }
    }
}

}  // namespace glissade::kernels
