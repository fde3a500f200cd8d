// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/matrix_view.hpp"
#include "host/export/protobuf.hpp"

namespace glissade {

/// What an ONNX file says of itself. Every operator used is of these versions or older; any runtime of 2022 or later reads them.
inline constexpr int onnx_ir_version = 8, onnx_opset = 17, onnx_ml_opset = 3;

/// TensorProto.DataType of onnx.proto.
enum class OnnxType { float32 = 1, int64 = 7, text = 8, boolean = 9, float64 = 11 };

/// An attribute of a node; which kind it is says which constructor made it.
class OnnxAttribute {
public:
    OnnxAttribute(const std::string& name, std::int64_t value);
    OnnxAttribute(const std::string& name, float value);
    OnnxAttribute(const std::string& name, const std::vector<std::int64_t>& values);
    OnnxAttribute(const std::string& name, const std::vector<float>& values);
    OnnxAttribute(const std::string& name, const std::vector<std::string>& values);
    const ProtoMessage& message() const { return message_; }

private:
    ProtoMessage message_;
};

/// A graph under construction: nodes in the order in which they run. Values are known by name. Field numbers are those of onnx.proto.
class OnnxGraph {
public:
    using Names = std::vector<std::string>;
    using Shape = std::vector<std::int64_t>;  ///< of a tensor; a negative count stands for the number of rows

    /// Adds a node and returns its output's name, `output`.
    std::string add(const std::string& operation, const Names& inputs, const std::string& output,
                    const std::vector<OnnxAttribute>& attributes = {});
    /// An operator of the domain ai.onnx.ml.
    std::string add_ml(const std::string& operation, const Names& inputs, const std::string& output,
                       const std::vector<OnnxAttribute>& attributes);

    /// Constants; each returns `name`. Reals are stored in the type asked for.
    std::string constant(const std::string& name, const Shape& shape, const std::vector<double>& values, RealType type);
    std::string constant(const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values);
    std::string constant(const std::string& name, const Shape& shape, const std::vector<std::string>& values);

    void add_input(const std::string& name, OnnxType type, const Shape& shape, const std::string& description);
    void add_output(const std::string& name, OnnxType type, const Shape& shape, const std::string& description);

    /// The whole file. Throws Error(usage) where it is larger than the 2 GiB that protobuf allows.
    std::string file(const std::string& graph_name, const std::string& producer_version, const std::string& description) const;

private:
    std::string add_node(const std::string& domain, const std::string& operation, const Names& inputs, const std::string& output,
                         const std::vector<OnnxAttribute>& attributes);

    ProtoMessage nodes_, constants_, inputs_, outputs_;  ///< fields of GraphProto
};

}  // namespace glissade
