// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/update.hpp"
#include "kernels/device/row_loss.cuh"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch.hpp"

namespace glissade::kernels {

/// The rows of a tile whose losses a lane evaluates: first, first + step, ... before `end`.
struct LossTask {
    const float* targets;     ///< of the tile's row 0; records lie record_stride apart, weights follow the targets ...
    const std::int64_t* far;  ///< ... or, unless null, of row 0 of all, and these are the tile's rows
    float* scores;            ///< in: scores; out: slopes, and losses behind them
    const int* counts;        ///< rows that each partial sum has in the tile
    int record_stride, score_stride, row_bits;
    int first, end, step;
    int first_member, members;  ///< among all; whose scores lie side by side
};

/// The switch over losses lands here.
struct EvaluateLoss {
    const SegmentLinearParams& p;
    const LossTask& task;

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        for (int row = task.first; row < task.end; row += task.step)
            if ((row & ((1 << task.row_bits) - 1)) < task.counts[row >> task.row_bits]) evaluate_row<Rule>(row);
    }

private:
    template <class Rule>
    GLISSADE_RULE void evaluate_row(int row) const {
        const float* targets = task.far ? task.targets + task.far[row] * task.record_stride : task.targets + row * task.record_stride;
        const int outputs = static_cast<int>(p.shape.outputs), members = task.members;
        const RowLoss row_loss{p.loss_constants, p.label_smoothing, outputs, static_cast<int>(p.shape.target_count)};
        for (int m = 0; m < members; ++m) {
            float* z = task.scores + row * task.score_stride + m * outputs;
            float loss = row_loss.template evaluate<Rule>(z, targets);
            if (p.shape.weight_sets > 0) {
                const float weight = targets[p.shape.target_count + (p.member_sets ? p.member_sets[task.first_member + m] : 0)];
                loss = weigh_row(weight, loss, z, outputs);
            }
            task.scores[row * task.score_stride + members * outputs + m] = loss;
        }
    }
};

/// The parameters that a thread updates: first, first + step, ... before `end`.
struct UpdateTask {
    const float* rates;      ///< [members][scalars of a member]
    const float* gradients;  ///< [parameters]: of the mean loss
    float* theta;            ///< [parameters]
    float* state;            ///< of parameter e in vector k: [k * state_stride + e - state_begin]
    const float* clip;       ///< a factor a member, or null
    int first, end, step;
    int state_stride, state_begin;
};

/// The switch over update rules and their variants lands here. Averaging is a branch that every thread takes alike, not a second copy of
/// every rule: it would double the kernel's code and the time to compile it.
template <class Params>
struct UpdateParameters {
    const Params& p;
    const UpdateTask& task;

    template <class Rule, int Variant>
    GLISSADE_RULE void operator()() const {
        constexpr int vectors = Rule::state_count(Variant);
        const int member_parameters = static_cast<int>(p.shape.member_parameters());
        for (int e = task.first; e < task.end; e += task.step) {
            const int m = p.by_member_parameters.quotient(e);
            const bool is_bias = p.is_bias(e - m * member_parameters);
            const float* rates = task.rates + m * rules::scalars_a_member + (is_bias ? rules::ScalarRow::size : 0);
            float g = task.gradients[e];
            if (task.clip) g = g * task.clip[m];
            float theta = task.theta[e];
            float s[max_rule_state];
#pragma unroll
            for (int k = 0; k < vectors; ++k) s[k] = *state(k, e);
            const float old_average = p.averaging ? *state(vectors, e) : 0.0f;
            rules::update_parameter<Rule, Variant, false>(rates, g, theta, s);
            task.theta[e] = theta;
            if (p.averaging) *state(vectors, e) = rules::running_average(rates, theta, old_average);
#pragma unroll
            for (int k = 0; k < vectors; ++k) *state(k, e) = s[k];
        }
    }

private:
    GLISSADE_RULE float* state(int vector, int e) const {
        return task.state + (vector * task.state_stride + e - task.state_begin);
    }
};

}  // namespace glissade::kernels
