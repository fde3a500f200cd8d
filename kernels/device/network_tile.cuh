// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/random.hpp"
#include "glissade/rules/bfloat16.hpp"
#include "glissade/rules/catalog.hpp"
#include "kernels/device/linear_rules.cuh"
#include "kernels/device/segment_loop.cuh"
#include "kernels/device/step_rules.cuh"

namespace glissade::kernels {

/// Units of a tile's rows in shared memory.
struct UnitRows {
    float* values;
    int pitch;
    GLISSADE_RULE float* row(int r) const { return values + r * pitch; }
};

/// A hidden layer's units: four of a row at a time, which one block of random numbers serves.
struct ActivateTask {
    UnitRows sums;    ///< in: sums with their biases; out: slopes
    UnitRows values;  ///< out
    int width, rows;
    bool drops;
    std::uint64_t seed, stream, first_counter;  ///< of row 0's first four units
};

/// The switch over activations lands here. Threads of a warp take neighbouring units.
struct ActivateUnits {
    const SegmentNetworkParams& p;
    const ActivateTask& task;

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        const int quads = (task.width + 3) / 4, items = quads * task.rows;
        for (int i = static_cast<int>(threadIdx.x); i < items; i += static_cast<int>(blockDim.x)) {
            const int r = i / quads, quad = i - r * quads;
            float* sums = task.sums.row(r) + 4 * quad;
            float* values = task.values.row(r) + 4 * quad;
            Philox::Block words{};
            if (task.drops) words = Philox::generate(task.seed, task.stream, task.first_counter + static_cast<std::uint64_t>(i));
#pragma unroll
            for (int u = 0; u < 4; ++u) {  // units beyond the last are room that nothing reads
                float slope, value = Rule::evaluate(sums[u], p.activation_constants, slope);
                if (task.drops) {
                    const float factor = dropout_factor(words.word[u], p.dropout_threshold, p.dropout_kept);
                    value = value * factor;
                    slope = slope * factor;
                }
                values[u] = value;
                sums[u] = slope;
            }
        }
    }
};

/// A tile's rows on their way through one member's network and back. Products are added in order: over inputs for sums, over outputs for
/// slopes, over rows for gradients.
template <class Block>
class NetworkTile {
public:
    __device__ __forceinline__ NetworkTile(const Block& b, const RecordPipeline& pipeline, const TileOfBatch& tile)
        : b_(b), pipeline_(pipeline), tile_(tile), row_bits_(pipeline.row_bits()), rows_(1 << row_bits_), count_(pipeline.counts()[0]) {}

    /// Makes inputs of rows of bfloat16, for all members.
    __device__ __forceinline__ void unpack() const {
        const UnitRows from = records(), to = inputs(0);
        for (int i = b_.thread(); i < b_.feature_words << row_bits_; i += b_.threads()) {
            const int word = i >> row_bits_, r = i & (rows_ - 1);
            const auto pair = __builtin_bit_cast(std::uint32_t, from.row(r)[word]);
            to.row(r)[2 * word] = rules::first_bfloat16(pair);
            to.row(r)[2 * word + 1] = rules::second_bfloat16(pair);  // behind the last feature a zero that nothing reads
        }
    }

    __device__ __forceinline__ void run(int member) const {
        const int layers = b_.p.layer_count;
        for (int l = 0; l < layers; ++l) {
            forward(l, member);
            __syncthreads();
            if (l + 1 < layers) {
                activate(l, member);
                __syncthreads();
            }
        }
        finish_losses(member);
        __syncthreads();
        add_losses(member);
        for (int l = layers; l-- > 0;) {
            add_gradients(l, member);
            if (l > 0) {
                backward(l, member);
                __syncthreads();
            }
        }
    }

private:
    static constexpr int group = 8;  ///< outputs, or inputs, that a thread works on at a time

    __device__ __forceinline__ const SegmentLayer& layer(int l) const { return b_.p.layers[l]; }
    __device__ __forceinline__ UnitRows units(int l, int at) const { return {b_.scores() + at, layer(l).pitch}; }
    __device__ __forceinline__ UnitRows slopes(int l) const { return units(l, layer(l).slopes_at); }
    __device__ __forceinline__ UnitRows records() const {
        return {const_cast<float*>(pipeline_.records()), static_cast<int>(b_.p.shape.record_pitch())};
    }
    /// What layer l reads.
    __device__ __forceinline__ UnitRows inputs(int l) const {
        if (l > 0) return units(l - 1, layer(l - 1).values_at);
        if (b_.p.shape.bfloat16) return {b_.scores(), static_cast<int>(b_.p.shape.input_pitch())};
        return records();
    }
    __device__ __forceinline__ const float* weights(int l, int member) const {
        return b_.theta() + member * b_.member_parameters + layer(l).weights_at;
    }
    __device__ __forceinline__ float* sums(int member) const { return b_.sums() + member * b_.member_parameters; }
    /// Whether four neighbouring weights can be read as one, wherever a row of them begins.
    static __device__ __forceinline__ bool in_quads(const float* w, int inputs) {
        return ((reinterpret_cast<std::uintptr_t>(w) >> 2 | static_cast<std::uintptr_t>(inputs)) & 3) == 0;
    }

    /// Sums of layer l with their biases. Threads of a warp have neighbouring rows and the same outputs, so that they read the same
    /// weights.
    __device__ __forceinline__ void forward(int l, int member) const {
        const SegmentLayer& at = layer(l);
        const float* w = weights(l, member);
        const float* bias = at.biases_at < at.end ? w + (at.biases_at - at.weights_at) : nullptr;
        const UnitRows in = inputs(l), out = slopes(l);
        const bool quads = in_quads(w, at.inputs);
        const int items = (at.outputs + group - 1) / group << row_bits_;
        for (int item = b_.thread(); item < items; item += b_.threads()) {
            const int r = item & (rows_ - 1), first = (item >> row_bits_) * group;
            const float* x = in.row(r);
            float sum[group];
            int row[group];  // of the weights: beyond the last output that one once more, not stored
#pragma unroll
            for (int j = 0; j < group; ++j) {
                sum[j] = 0.0f;
                row[j] = (first + j < at.outputs ? first + j : at.outputs - 1) * at.inputs;
            }
            int k = 0;
            for (; quads && k < at.inputs; k += 4) {
                const float4 left = *reinterpret_cast<const float4*>(x + k);
#pragma unroll
                for (int j = 0; j < group; ++j) {
                    const float4 right = *reinterpret_cast<const float4*>(w + row[j] + k);
                    sum[j] = rules::fused(left.x, right.x, sum[j]);
                    sum[j] = rules::fused(left.y, right.y, sum[j]);
                    sum[j] = rules::fused(left.z, right.z, sum[j]);
                    sum[j] = rules::fused(left.w, right.w, sum[j]);
                }
            }
            for (; k < at.inputs; ++k) {
                const float left = x[k];
#pragma unroll
                for (int j = 0; j < group; ++j) sum[j] = rules::fused(left, w[row[j] + k], sum[j]);
            }
#pragma unroll
            for (int j = 0; j < group; ++j)
                if (first + j < at.outputs) out.row(r)[first + j] = bias ? sum[j] + bias[first + j] : sum[j];
        }
    }

    __device__ __forceinline__ void activate(int l, int member) const {
        const SegmentNetworkParams& p = b_.p;
        const int width = layer(l).outputs;
        ActivateTask task{slopes(l), units(l, layer(l).values_at), width, rows_, p.dropout_seeds != nullptr, 0, 0, 0};
        if (task.drops) {
            const std::int64_t row =
                tile_.part.first_row(tile_.part.first_partial + tile_.group) + (static_cast<std::int64_t>(tile_.chunk) << row_bits_);
            task.seed = p.dropout_seeds[b_.first_member + member];
            task.stream = dropout_stream(static_cast<std::uint64_t>(l), p.first_step + tile_.step);
            task.first_counter = static_cast<std::uint64_t>(row * ((width + 3) / 4));
        }
        visit_rule(ActivationRules{}, p.activation, ActivateUnits{p, task});
    }

    /// Scores become slopes; each row's loss stands behind them.
    __device__ __forceinline__ void finish_losses(int member) const {
        const UnitRows scores = slopes(b_.p.layer_count - 1);
        const UnitRows records = this->records();
        const LossTask task{records.values + b_.feature_words,
                            nullptr,
                            scores.values,
                            pipeline_.counts(),
                            records.pitch,
                            scores.pitch,
                            row_bits_,
                            b_.thread(),
                            rows_,
                            b_.threads(),
                            b_.first_member + member,
                            1};
        visit_rule(LossRules{}, b_.p.loss, EvaluateLoss{b_.p, task});
    }

    __device__ __forceinline__ void add_losses(int member) const {
        if (b_.thread() != b_.threads() - 1) return;
        const UnitRows scores = slopes(b_.p.layer_count - 1);
        float& total = b_.sums()[b_.parameters + member];
        float sum = tile_.chunk == 0 ? 0.0f : total;
        for (int r = 0; r < count_; ++r) sum = sum + scores.row(r)[b_.outputs];
        total = sum;
    }

    /// Products of layer l's slopes and inputs, row by row, join the sums of its weights. A warp has neighbouring inputs and the same
    /// outputs.
    __device__ __forceinline__ void add_gradients(int l, int member) const {
        const SegmentLayer& at = layer(l);
        const UnitRows in = inputs(l), slope = slopes(l);
        float* weight_sums = sums(member) + at.weights_at;
        const bool first = tile_.chunk == 0;
        const int runs = (at.inputs + tuning::warp - 1) / tuning::warp, groups = (at.outputs + group - 1) / group;
        for (int u = b_.warp(); u < runs * groups; u += b_.warps()) {
            const int g = u / runs, i = (u - g * runs) * tuning::warp + b_.lane(), first_output = g * group;
            if (i >= at.inputs) continue;
            const int own = at.outputs - first_output < group ? at.outputs - first_output : group;
            float* target = weight_sums + first_output * at.inputs + i;
            float sum[group];
#pragma unroll
            for (int j = 0; j < group; ++j) sum[j] = first || j >= own ? 0.0f : target[j * at.inputs];
            for (int r = 0; r < count_; ++r) {
                const float x = in.row(r)[i];
                const float4* s = reinterpret_cast<const float4*>(slope.row(r) + first_output);
                const float4 low = s[0], high = s[1];
                sum[0] = rules::fused(low.x, x, sum[0]);
                sum[1] = rules::fused(low.y, x, sum[1]);
                sum[2] = rules::fused(low.z, x, sum[2]);
                sum[3] = rules::fused(low.w, x, sum[3]);
                sum[4] = rules::fused(high.x, x, sum[4]);
                sum[5] = rules::fused(high.y, x, sum[5]);
                sum[6] = rules::fused(high.z, x, sum[6]);
                sum[7] = rules::fused(high.w, x, sum[7]);
            }
#pragma unroll
            for (int j = 0; j < group; ++j)
                if (j < own) target[j * at.inputs] = sum[j];
        }
        if (at.biases_at == at.end) return;
        for (int o = b_.thread(); o < at.outputs; o += b_.threads()) {
            float& total = sums(member)[at.biases_at + o];
            float sum = first ? 0.0f : total;
            for (int r = 0; r < count_; ++r) sum = sum + slope.row(r)[o];
            total = sum;
        }
    }

    /// Slopes in the sums of layer l become those in the sums of the layer before it.
    __device__ __forceinline__ void backward(int l, int member) const {
        const SegmentLayer& at = layer(l);
        const float* w = weights(l, member);
        const UnitRows slope = slopes(l), before = slopes(l - 1);
        const bool quads = in_quads(w, at.inputs);
        const int items = (at.inputs + group - 1) / group << row_bits_;
        for (int item = b_.thread(); item < items; item += b_.threads()) {
            const int r = item & (rows_ - 1), first = (item >> row_bits_) * group;
            const float* s = slope.row(r);
            float sum[group];
#pragma unroll
            for (int j = 0; j < group; ++j) sum[j] = 0.0f;
            if (quads && first + group <= at.inputs) {
                for (int o = 0; o < at.outputs; ++o) {
                    const float4* v = reinterpret_cast<const float4*>(w + o * at.inputs + first);
                    const float4 low = v[0], high = v[1];
                    const float left = s[o];
                    sum[0] = rules::fused(left, low.x, sum[0]);
                    sum[1] = rules::fused(left, low.y, sum[1]);
                    sum[2] = rules::fused(left, low.z, sum[2]);
                    sum[3] = rules::fused(left, low.w, sum[3]);
                    sum[4] = rules::fused(left, high.x, sum[4]);
                    sum[5] = rules::fused(left, high.y, sum[5]);
                    sum[6] = rules::fused(left, high.z, sum[6]);
                    sum[7] = rules::fused(left, high.w, sum[7]);
                }
            } else {
                for (int o = 0; o < at.outputs; ++o) {
                    const float left = s[o];
#pragma unroll
                    for (int j = 0; j < group; ++j) {
                        const int i = first + j < at.inputs ? first + j : at.inputs - 1;
                        sum[j] = rules::fused(left, w[o * at.inputs + i], sum[j]);
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < group; ++j)
                if (first + j < at.inputs) before.row(r)[first + j] = sum[j] * before.row(r)[first + j];
        }
    }

    const Block& b_;
    const RecordPipeline& pipeline_;
    const TileOfBatch& tile_;
    int row_bits_, rows_, count_;
};

}  // namespace glissade::kernels
