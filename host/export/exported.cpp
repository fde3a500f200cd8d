// SPDX-License-Identifier: Apache-2.0
#include "host/export/exported.hpp"

#include <utility>
#include <vector>

#include "glissade/error.hpp"
#include "host/export/cpp_header.hpp"
#include "host/export/cpp_text.hpp"
#include "host/export/onnx_model.hpp"

namespace glissade {
namespace {

bool has_extension(std::string_view path, std::string_view extension) {
    return path.size() > extension.size() && path.ends_with(extension);
}

/// The name of a file without folders and extension.
std::string stem_of(const std::string& path) {
    const std::string file = path.substr(path.find_last_of('/') + 1);
    return file.substr(0, file.find_last_of('.'));
}

/// What of a model is hashed, as a subject with its verb.
std::string hashed_parts(const Preparation& preparation) {
    std::vector<std::string> names;
    for (const SourceColumn& column : preparation.columns)
        if (column.kind == ColumnKind::hashed) names.push_back("\"" + column.name + "\"");
    if (names.empty()) return "the model's features are names that are hashed";
    if (names.size() == 1) return "the model's text column " + names[0] + " is hashed";
    std::string listed;
    for (const std::string& name : names) listed += (listed.empty() ? "" : ", ") + name;
    return "the model's text columns " + listed + " are hashed";
}

}  // namespace

bool is_onnx_path(std::string_view path) {
    if (has_extension(path, ".onnx")) return true;
    if (has_extension(path, ".hpp")) return false;
    fail(ErrorKind::usage, std::string(path) + ": the extension says which form is meant, and it is neither .onnx nor .hpp");
}

Exported exported(const Model& model, const std::string& path, const std::string& name, const std::string& producer_version) {
    Exported result;
    result.onnx = is_onnx_path(path);
    if (model.preparation.hash_bits > 0)
        fail(ErrorKind::usage,
             path + ": " + hashed_parts(model.preparation) + ", which an exported model cannot do; use glissade predict instead");
    if (result.onnx) {
        result.name = name.empty() ? stem_of(path) : name;
        OnnxExport made = to_onnx(model, result.name, producer_version);
        result.content = std::move(made.file);
        result.inputs = std::move(made.inputs);
        result.outputs = std::move(made.outputs);
        return result;
    }
    result.name = name.empty() ? cpp_name(stem_of(path), "model") : name;
    if (!is_cpp_name(result.name)) fail(ErrorKind::usage, "the name " + result.name + " cannot be the name of a namespace in C++");
    result.content = to_cpp_header(model, result.name, producer_version);
    return result;
}

}  // namespace glissade
