// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/model.hpp"
#include "host/export/onnx_graph.hpp"

namespace glissade {

/// Adds the probabilities of the classes, or of each of several labels, by the scores of a row, NaN where these are, and returns their
/// name, "probabilities"; empty, and nothing is added, for a loss that knows none.
std::string add_onnx_probabilities(OnnxGraph& graph, const Model& model, const std::string& scores);

}  // namespace glissade
