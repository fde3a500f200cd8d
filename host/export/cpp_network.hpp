// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/model.hpp"

/// The parts of an exported header that only a model with hidden layers has.
namespace glissade {

/// The functions `activate` and `layer`; empty for a linear model.
std::string cpp_layer_functions(const Model& model);

/// The statements that fill `out` with scores; `additions` are those that add the features of a row to `sums_0`.
std::string cpp_network_scores(const ModelSpec& spec, const std::string& additions);

}  // namespace glissade
