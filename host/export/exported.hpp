// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glissade/model.hpp"

namespace glissade {

/// A model in a form that other programs run.
struct Exported {
    std::string content, name;                 ///< `name`: of the graph or the namespace
    bool onnx = false;                         ///< else a C++ header
    std::vector<std::string> inputs, outputs;  ///< of ONNX
};

/// Whether `path` ends as an ONNX file does. Throws Error(usage) unless it ends so or as a header does: .onnx or .hpp.
bool is_onnx_path(std::string_view path);

/// What is to be written to `path`. `name` empty: that of the file. Throws Error(usage) for a path of neither form, for a name that C++
/// cannot take, and for a model whose text columns are hashed.
Exported exported(const Model& model, const std::string& path, const std::string& name, const std::string& producer_version);

}  // namespace glissade
