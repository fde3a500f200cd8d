// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

/// One dense layer and where its numbers lie among the parameters of a model: weights [outputs][inputs] row-major, then biases [outputs]
/// if there are any. Layers follow one another from the input to the output.
struct DenseLayer {
    std::int64_t inputs = 0, outputs = 0;
    std::int64_t weights_at = 0;
    bool bias = true;

    std::int64_t weight_count() const { return outputs * inputs; }
    std::int64_t biases_at() const { return weights_at + weight_count(); }
    std::int64_t end() const { return biases_at() + (bias ? outputs : 0); }
};

/// The layers of a model: one a hidden width, and the output's. `hidden` is empty for a linear model, which is one layer.
inline std::vector<DenseLayer> dense_layers(std::int64_t features, std::span<const std::int64_t> hidden, std::int64_t outputs, bool bias) {
    std::vector<DenseLayer> layers;
    std::int64_t inputs = features, at = 0;
    for (std::size_t i = 0; i <= hidden.size(); ++i) {
        layers.push_back({inputs, i < hidden.size() ? hidden[i] : outputs, at, bias});
        inputs = layers.back().outputs;
        at = layers.back().end();
    }
    return layers;
}

}  // namespace glissade
