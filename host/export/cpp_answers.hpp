// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/model.hpp"

/// What an exported header answers by the scores of a row.
namespace glissade {

/// Whether scores stand for probabilities, which `predict_proba` then gives.
bool cpp_has_probabilities(const ModelSpec& spec);

/// The functions `predict`, and of classes `predict_class` and `predict_proba`; `row` declares the parameter that is a row.
std::string cpp_answers(const Model& model, const std::string& row);

}  // namespace glissade
