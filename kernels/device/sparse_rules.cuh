// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/update.hpp"
#include "glissade/rules/waiting.hpp"
#include "kernels/device/sparse_batch.cuh"

namespace glissade::kernels {

/// One parameter's step by a rule, its running average included. `state` of vector v lies at state[v * apart].
template <class Rule, int Variant>
__device__ __forceinline__ float sparse_step(const SparseStepParams& p, const float* row, float g, float theta, float (&s)[max_rule_state],
                                             float* state, std::int64_t apart) {
    constexpr int vectors = Rule::state_count(Variant);
    rules::update_parameter<Rule, Variant, false>(row, g, theta, s);
#pragma unroll
    for (int v = 0; v < vectors; ++v) state[v * apart] = s[v];
    if (p.shape.averaging) state[vectors * apart] = rules::running_average(row, theta, state[vectors * apart]);
    return theta;
}

/// The biases' step, a thread a model. The switch over update rules lands here.
struct UpdateSparseBiases {
    const SparseStepParams& p;
    std::int64_t step;

    template <class Rule, int Variant>
    __device__ __forceinline__ void operator()() const {
        constexpr int vectors = Rule::state_count(Variant);
        const std::int64_t models = p.shape.models();
        for (std::int64_t model = threadIdx.x; model < models; model += blockDim.x) {
            const float* row = p.scalars + (step * p.shape.members + model / p.shape.outputs) * rules::scalars_a_member;
            float s[max_rule_state];
            float* theta = p.biases + model;
#pragma unroll
            for (int v = 0; v < vectors; ++v) s[v] = theta[(1 + v) * models];
            *theta = sparse_step<Rule, Variant>(p, row + rules::ScalarRow::size, p.bias_gradient[model], *theta, s, theta + models, models);
        }
    }
};

/// The step of columns: of the batch for members whose step is for no others, or of all for the other members. The switch over update rules
/// lands here.
struct UpdateSparseColumns {
    const SparseStepParams& p;
    std::int64_t step;
    bool all;

    template <class Rule, int Variant>
    __device__ __forceinline__ void operator()() const {
        const std::int64_t stride = p.shape.stride();
        const std::uint32_t now = p.control->clock + static_cast<std::uint32_t>(step) + 1;
        const float rows = static_cast<float>(SparseBatch(p, step).rows);
        if (all) {
            for (std::int64_t j = grid_thread(); j < p.shape.columns; j += grid_threads())
                update_column<Rule, Variant>(p.records + j * stride, __float_as_uint(p.records[j * stride]), now, rows);
            return;
        }
        if (p.by_atomics) {  // whoever stamps a column first has it
            visit_entries(p, SparseBatch(p, step), [&](std::uint32_t column) {
                float* record = p.records + column * stride;
                const std::uint32_t stamp = __float_as_uint(atomicExch(record, __uint_as_float(now)));
                if (stamp != now) update_column<Rule, Variant>(record, stamp, now, rows);
            });
            return;
        }
        for (std::int64_t i = grid_thread(); i < p.control->entries; i += grid_threads()) {
            if (!begins_column(p, i)) continue;
            float* record = p.records + p.keys_out[i] * stride;
            update_column<Rule, Variant>(record, __float_as_uint(record[0]), now, rows);
            record[0] = __uint_as_float(now);
        }
    }

private:
    template <class Rule, int Variant>
    __device__ __forceinline__ void update_column(float* record, std::uint32_t stamp, std::uint32_t now, float rows) const {
        for (std::int64_t m = 0; m < p.shape.members; ++m) {
            const SparseWaiting& waiting = p.waiting[step * p.shape.members + m];
            const float* row = p.scalars + (step * p.shape.members + m) * rules::scalars_a_member;
            const std::int64_t end = (m + 1) * p.shape.outputs;
            if ((waiting.all != 0) == all)
                for (std::int64_t model = m * p.shape.outputs; model < end; ++model)
                    update_model<Rule, Variant>(record, model, row, waiting, now - 1 - stamp, rows);
            else if (all && p.skips && stamp != now)
                for (std::int64_t model = m * p.shape.outputs; model < end; ++model) average_model<Rule, Variant>(record, model, row);
        }
    }

    /// The running average of a column that the step was not for.
    template <class Rule, int Variant>
    __device__ __forceinline__ void average_model(float* record, std::int64_t model, const float* row) const {
        float& average = record[p.shape.state_at(Rule::state_count(Variant)) + model];
        average = rules::running_average(row, record[SparseShape::theta_at + model], average);
    }

    template <class Rule, int Variant>
    __device__ __forceinline__ void update_model(float* record, std::int64_t model, const float* row, const SparseWaiting& waiting,
                                                 std::uint32_t missed, float rows) const {
        constexpr int vectors = Rule::state_count(Variant);
        const std::int64_t models = p.shape.models();
        float* gradient = record + p.shape.gradient_at() + model;
        float* state = record + p.shape.state_at(0) + model;
        float* mark = p.shape.marked ? record + p.shape.mark_at() + model : nullptr;
        const float g = sparse_mean(p, *gradient, rows);
        *gradient = 0.0f;
        float theta = record[SparseShape::theta_at + model];
        float s[max_rule_state];
#pragma unroll
        for (int v = 0; v < vectors; ++v) s[v] = state[v * models];
        catch_up<Rule, Variant>(theta, s, mark ? *mark : 0.0f, row + rules::ScalarRow::rule, waiting, missed);
        const float limited = p.clip_norm > 0.0f ? g * p.factors[model / p.shape.outputs] : g;
        theta = sparse_step<Rule, Variant>(p, row, limited, theta, s, state, models);
        if (p.by_product && waiting.product_after != 1.0f) theta = theta / waiting.product_after;
        record[SparseShape::theta_at + model] = theta;
        if (mark) *mark = p.idle == static_cast<int>(Idle::follows) ? row[rules::ScalarRow::rule] : waiting.sum_after;
    }

    /// Brings a parameter from where its column was last held up to the step before this one.
    template <class Rule, int Variant>
    __device__ __forceinline__ void catch_up(float& theta, float (&s)[max_rule_state], float mark, const float* k,
                                             const SparseWaiting& waiting, std::uint32_t missed) const {
        if (p.by_product) theta = Waiting<float>{waiting.product_before, waiting.sum_before, p.shrinks}.settle(theta, mark);
        if constexpr (idle_of<Rule>(Variant) == Idle::fades) {
            if (p.idle == static_cast<int>(Idle::fades) && missed != 0) {
                const float factor = static_cast<float>(power_of(static_cast<double>(k[1]), missed));
#pragma unroll
                for (int v = 0; v < Rule::state_count(Variant); ++v) s[v] = s[v] * factor;
            }
        }
        if constexpr (idle_of<Rule>(Variant) == Idle::follows) {
            if (p.idle != static_cast<int>(Idle::follows)) return;
            const float before = waiting.product_before;
            if (mark == 0.0f)
                s[0] = Rule::z_of(k, before, theta, s[1]);
            else if (mark != before)
                s[0] = s[0] - (before - mark) * (k[2] + rules::root(s[1])) * theta;
        }
    }
};

}  // namespace glissade::kernels
