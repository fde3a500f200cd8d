// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/catalog.hpp"
#include "kernels/device/row_loss.cuh"
#include "kernels/device/step_rules.cuh"
#include "kernels/launch_sparse.hpp"

namespace glissade::kernels {

/// Slopes in place of the scores, and the losses, of one row for all members. The switch over losses lands here.
struct EvaluateSparseRow {
    const SparseStepParams& p;
    std::int64_t row;  ///< of the data
    float* scores;     ///< [models]
    float* losses;     ///< [members]

    template <class Rule>
    GLISSADE_RULE void operator()() const {
        const int outputs = static_cast<int>(p.shape.outputs);
        const RowLoss row_loss{p.loss_constants, p.label_smoothing, outputs, static_cast<int>(p.shape.target_count)};
        for (std::int64_t m = 0; m < p.shape.members; ++m) {
            float* z = scores + m * outputs;
            float loss = row_loss.evaluate<Rule>(z, p.targets + row * p.shape.target_count);
            if (p.shape.weight_sets > 0) {
                const float weight = p.weights[row * p.shape.weight_sets + (p.member_sets ? p.member_sets[m] : 0)];
                loss = weigh_row(weight, loss, z, outputs);
            }
            losses[m] = loss;
        }
    }
};

}  // namespace glissade::kernels
