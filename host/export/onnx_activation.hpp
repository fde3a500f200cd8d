// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/model.hpp"
#include "host/export/onnx_graph.hpp"

namespace glissade {

/// Adds the activation of a hidden layer to the graph, in operators that runtimes have for both real types, and returns its output's name.
/// `id` tells the layer's values from others. Throws Error(usage) for gelu in float64, for which runtimes have no error function.
std::string add_onnx_activation(OnnxGraph& graph, const Model& model, const std::string& sums, const std::string& id);

}  // namespace glissade
