// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/math.hpp"
#include "glissade/rules/portable.hpp"

/// Formulas of a step that the kernels of every kind of model share.
namespace glissade::kernels {

/// Gradient of the mean loss over `rows`, held within the limit if there is one.
GLISSADE_RULE float mean_within(float sum, float rows, float limit) {
    const float mean = sum / rows;
    return limit > 0.0f ? rules::smaller(rules::larger(mean, -limit), limit) : mean;
}

/// Slopes of a row times its weight; returns its loss likewise.
GLISSADE_RULE float weigh_row(float weight, float loss, float* slopes, int outputs) {
    for (int o = 0; o < outputs; ++o) slopes[o] = slopes[o] * weight;
    return loss * weight;
}

/// What a unit is multiplied with under dropout.
GLISSADE_RULE float dropout_factor(std::uint32_t word, std::uint32_t threshold, float kept) {
    return word < threshold ? 0.0f : kept;
}

}  // namespace glissade::kernels
