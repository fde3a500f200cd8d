// SPDX-License-Identifier: Apache-2.0
#include "host/export/onnx_graph.hpp"

#include <bit>

#include "glissade/error.hpp"

namespace glissade {

namespace {

enum ModelField { ir_version = 1, producer_name = 2, producer_version_at = 3, model_doc = 6, graph_at = 7, opset_import = 8 };
enum GraphField { node = 1, graph_name_at = 2, initializer = 5, input = 11, output_at = 12 };
enum NodeField { node_input = 1, node_output = 2, node_name = 3, op_type = 4, attribute_at = 5, node_domain = 7 };
enum AttributeField { attribute_name = 1, float_at = 2, int_at = 3, floats_at = 7, ints_at = 8, strings_at = 9, kind_at = 20 };
enum AttributeKind { kind_float = 1, kind_int = 2, kind_floats = 6, kind_ints = 7, kind_strings = 8 };
enum TensorField { dims = 1, data_type = 2, string_data = 6, tensor_name = 8, raw_data = 9 };

ProtoMessage tensor_of(const std::string& name, OnnxType type, const OnnxGraph::Shape& shape) {
    ProtoMessage tensor;
    for (const std::int64_t count : shape) tensor.add_int(dims, count);
    tensor.add_int(data_type, static_cast<int>(type));
    tensor.add_bytes(tensor_name, name);
    return tensor;
}

ProtoMessage value_info(const std::string& name, OnnxType type, const OnnxGraph::Shape& shape, const std::string& description) {
    ProtoMessage dimensions;
    for (const std::int64_t count : shape) {
        ProtoMessage dimension;
        count < 0 ? dimension.add_bytes(2, "rows") : dimension.add_int(1, count);  // dim_param, dim_value
        dimensions.add_message(1, dimension);
    }
    ProtoMessage tensor, kind, info;
    tensor.add_int(1, static_cast<int>(type));
    tensor.add_message(2, dimensions);
    kind.add_message(1, tensor);
    info.add_bytes(1, name);
    info.add_message(2, kind);
    info.add_bytes(3, description);
    return info;
}

ProtoMessage opset(const std::string& domain, int version) {
    ProtoMessage message;
    if (!domain.empty()) message.add_bytes(1, domain);
    message.add_int(2, version);
    return message;
}

}  // namespace

OnnxAttribute::OnnxAttribute(const std::string& name, std::int64_t value) {
    message_.add_bytes(attribute_name, name);
    message_.add_int(int_at, value);
    message_.add_int(kind_at, kind_int);
}
OnnxAttribute::OnnxAttribute(const std::string& name, float value) {
    message_.add_bytes(attribute_name, name);
    message_.add_float(float_at, value);
    message_.add_int(kind_at, kind_float);
}
OnnxAttribute::OnnxAttribute(const std::string& name, const std::vector<std::int64_t>& values) {
    message_.add_bytes(attribute_name, name);
    for (const std::int64_t value : values) message_.add_int(ints_at, value);
    message_.add_int(kind_at, kind_ints);
}
OnnxAttribute::OnnxAttribute(const std::string& name, const std::vector<float>& values) {
    message_.add_bytes(attribute_name, name);
    for (const float value : values) message_.add_float(floats_at, value);
    message_.add_int(kind_at, kind_floats);
}
OnnxAttribute::OnnxAttribute(const std::string& name, const std::vector<std::string>& values) {
    message_.add_bytes(attribute_name, name);
    for (const std::string& value : values) message_.add_bytes(strings_at, value);
    message_.add_int(kind_at, kind_strings);
}

std::string OnnxGraph::add(const std::string& operation, const Names& inputs, const std::string& output,
                           const std::vector<OnnxAttribute>& attributes) {
    return add_node("", operation, inputs, output, attributes);
}

std::string OnnxGraph::add_ml(const std::string& operation, const Names& inputs, const std::string& output,
                              const std::vector<OnnxAttribute>& attributes) {
    return add_node("ai.onnx.ml", operation, inputs, output, attributes);
}

std::string OnnxGraph::add_node(const std::string& domain, const std::string& operation, const Names& inputs, const std::string& output,
                                const std::vector<OnnxAttribute>& attributes) {
    ProtoMessage message;
    for (const std::string& name : inputs) message.add_bytes(node_input, name);
    message.add_bytes(node_output, output);
    message.add_bytes(node_name, "make " + output);
    message.add_bytes(op_type, operation);
    for (const OnnxAttribute& attribute : attributes) message.add_message(attribute_at, attribute.message());
    if (!domain.empty()) message.add_bytes(node_domain, domain);
    nodes_.add_message(node, message);
    return output;
}

std::string OnnxGraph::constant(const std::string& name, const Shape& shape, const std::vector<double>& values, RealType type) {
    const bool is_float = type == RealType::float32;
    std::string raw;
    for (const double value : values) {
        if (is_float)
            append_little_endian(raw, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
        else
            append_little_endian(raw, std::bit_cast<std::uint64_t>(value), 8);
    }
    ProtoMessage tensor = tensor_of(name, is_float ? OnnxType::float32 : OnnxType::float64, shape);
    tensor.add_bytes(raw_data, raw);
    constants_.add_message(initializer, tensor);
    return name;
}

std::string OnnxGraph::constant(const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values) {
    std::string raw;
    for (const std::int64_t value : values) append_little_endian(raw, static_cast<std::uint64_t>(value), 8);
    ProtoMessage tensor = tensor_of(name, OnnxType::int64, shape);
    tensor.add_bytes(raw_data, raw);
    constants_.add_message(initializer, tensor);
    return name;
}

std::string OnnxGraph::constant(const std::string& name, const Shape& shape, const std::vector<std::string>& values) {
    ProtoMessage tensor = tensor_of(name, OnnxType::text, shape);
    for (const std::string& value : values) tensor.add_bytes(string_data, value);
    constants_.add_message(initializer, tensor);
    return name;
}

void OnnxGraph::add_input(const std::string& name, OnnxType type, const Shape& shape, const std::string& description) {
    inputs_.add_message(input, value_info(name, type, shape, description));
}

void OnnxGraph::add_output(const std::string& name, OnnxType type, const Shape& shape, const std::string& description) {
    outputs_.add_message(output_at, value_info(name, type, shape, description));
}

std::string OnnxGraph::file(const std::string& graph_name, const std::string& producer_version, const std::string& description) const {
    ProtoMessage name;
    name.add_bytes(graph_name_at, graph_name);
    ProtoMessage model;
    model.add_int(ir_version, onnx_ir_version);
    model.add_bytes(producer_name, "glissade");
    model.add_bytes(producer_version_at, producer_version);
    model.add_bytes(model_doc, description);
    model.add_bytes(graph_at, nodes_.bytes() + name.bytes() + constants_.bytes() + inputs_.bytes() + outputs_.bytes());
    model.add_message(opset_import, opset("", onnx_opset));
    model.add_message(opset_import, opset("ai.onnx.ml", onnx_ml_opset));
    constexpr std::size_t most_bytes = (std::size_t{1} << 31) - 1;
    if (model.bytes().size() > most_bytes)
        fail(ErrorKind::usage, "as ONNX the model is larger than the 2 GiB that a protobuf file may have");
    return model.bytes();
}

}  // namespace glissade
