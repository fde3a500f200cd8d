// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "glissade/model.hpp"

namespace glissade {

/// The weights of a model that are not 0, of all its layers; biases are not counted.
inline std::int64_t count_nonzero_weights(const Model& model) {
    std::int64_t count = model.spec.weight_count();
    for (const DenseLayer& layer : model.spec.layers()) {
        const auto first = model.parameters.begin() + layer.weights_at;
        count -= std::count(first, first + layer.weight_count(), 0.0);
    }
    return count;
}

}  // namespace glissade
