// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/model.hpp"

namespace glissade::cli {

/// Names and weights as they act on the data in its own units.
struct Coefficients {
    std::vector<std::string> names;       ///< of the features that are listed
    std::vector<std::int64_t> features;   ///< their places in the model
    std::vector<double> weights, biases;  ///< [outputs][features of the model], [outputs]
};

/// All features, but of hashed columns, which have numbers for names, those alone whose weights are not all 0.
Coefficients coefficients_of(const Model& model);

}  // namespace glissade::cli
