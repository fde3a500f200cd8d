// SPDX-License-Identifier: Apache-2.0
#include "host/export/onnx_activation.hpp"

#include <cmath>

#include "glissade/error.hpp"

namespace glissade {

std::string add_onnx_activation(OnnxGraph& graph, const Model& model, const std::string& sums, const std::string& id) {
    const std::string_view name = model.spec.activation.name();
    const auto number = [&](const std::string& what, double value) {
        return graph.constant("/" + what + id, {}, {value}, model.real_type);
    };
    const auto add = [&](const char* operation, const OnnxGraph::Names& inputs, const std::string& what) {
        return graph.add(operation, inputs, "/" + what + id);
    };
    const std::string out = "values";
    if (name == "identity") return add("Identity", {sums}, out);
    if (name == "tanh") return add("Tanh", {sums}, out);
    if (name == "sigmoid") return add("Sigmoid", {sums}, out);
    if (name == "silu") return add("Mul", {sums, add("Sigmoid", {sums}, "share")}, out);
    if (name == "gelu") {
        if (model.real_type != RealType::float32)
            fail(ErrorKind::usage,
                 "runtimes of ONNX have no error function in float64, which gelu needs: train in float32, or use gelu_tanh");
        const std::string half = add("Mul", {sums, number("half", .5)}, "halves");
        const std::string turned = add("Erf", {add("Mul", {sums, number("root", std::sqrt(.5))}, "scaled sums")}, "error function");
        return add("Mul", {half, add("Add", {turned, number("unit", 1)}, "twice share")}, out);
    }
    if (name == "gelu_tanh") {
        const std::string square = add("Mul", {sums, sums}, "square");
        const std::string bent = add("Add", {add("Mul", {square, number("cube", 0.044715)}, "bend"), number("unit", 1)}, "factor");
        const std::string inner =
            add("Mul", {add("Mul", {sums, bent}, "bent"), number("root", 2 * std::sqrt(2 / std::acos(-1.0)))}, "inner");
        return add("Mul", {sums, add("Sigmoid", {inner}, "share")}, out);
    }
    const std::string zero = number("zero", 0), positive = add("Greater", {sums, zero}, "positive");
    if (name == "relu") return add("Where", {positive, sums, zero}, out);
    if (name == "leaky_relu")
        return add("Where", {positive, sums, add("Mul", {sums, number("slope", model.spec.activation.get("negative_slope"))}, "below")},
                   out);
    const std::string power = add("Exp", {add("Min", {sums, zero}, "negative")}, "power");
    const std::string bent = add("Sub", {power, number("unit", 1)}, "less one");
    return add("Where", {positive, sums, add("Mul", {bent, number("alpha", model.spec.activation.get("elu_alpha"))}, "below")}, out);
}

}  // namespace glissade
