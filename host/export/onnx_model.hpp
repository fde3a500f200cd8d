// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glissade/model.hpp"

namespace glissade {

/// A model as the bytes of an ONNX file, with what a person has to know to run it.
struct OnnxExport {
    std::string file;
    std::vector<std::string> inputs, outputs;  ///< "age: float32 [rows, 1]", one each
};

/// Takes raw data and gives what `glissade predict` does: preparation of columns, standardisation and units are inside.
///
/// Inputs: one matrix `X` [rows, columns] where all columns are numbers; else one of [rows, 1] a column, strings for text columns. Numbers
/// are of the model's real type, NaN where missing. Outputs: of classifiers `label` (strings) and `probabilities` [rows, classes], or
/// `scores` [rows, outputs] where the loss knows no probability; of regressions `value` [rows, outputs]. Rows that the program would
/// refuse get NaN and an empty label. Throws Error(usage) for a model that protobuf cannot hold.
OnnxExport to_onnx(const Model& model, const std::string& graph_name, const std::string& producer_version);

}  // namespace glissade
