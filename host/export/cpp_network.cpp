// SPDX-License-Identifier: Apache-2.0
#include "host/export/cpp_network.hpp"

#include "glissade/error.hpp"
#include "host/export/cpp_text.hpp"

namespace glissade {

namespace {

std::string activation_text(const Activation& activation) {
    const std::string_view name = activation.name();
    if (name == "relu") return "z < 0 ? 0.0 : z";
    if (name == "leaky_relu") return "z > 0 ? z : " + cpp_number(activation.get("negative_slope")) + " * z";
    if (name == "elu") return "z > 0 ? z : " + cpp_number(activation.get("elu_alpha")) + " * std::expm1(z)";
    if (name == "gelu") return "0.5 * z * std::erfc(-z * 0.70710678118654752440)";
    if (name == "gelu_tanh") return "z / (1 + std::exp(-1.59576912160573071176 * z * (1 + 0.044715 * z * z)))";
    if (name == "silu") return "z / (1 + std::exp(-z))";
    if (name == "tanh") return "std::tanh(z)";
    if (name == "sigmoid") return "1 / (1 + std::exp(-z))";
    if (name == "identity") return "z";
    fail(ErrorKind::internal, "the header does not know the activation " + std::string(name));
}

}  // namespace

std::string cpp_layer_functions(const Model& model) {
    if (!model.spec.is_network()) return "";
    const std::string real = model.real_type == RealType::float32 ? "float" : "double";
    return "inline double activate(double z) {\n    return " + activation_text(model.spec.activation) +
           ";\n}\n\n/// One layer, from the sums of the one before.\n" + "inline void layer(const " + real + "* weights, const " + real +
           "* biases, std::vector<double>& sums, int count, double* out) " +
           R"({
    const int inputs = static_cast<int>(sums.size());
    for (int j = 0; j < inputs; ++j) sums[j] = activate(sums[j]);
    for (int o = 0; o < count; ++o) {
        out[o] = static_cast<double>(biases[o]);
        for (int j = 0; j < inputs; ++j) out[o] += sums[j] * static_cast<double>(weights[o * inputs + j]);
    }
}

)";
}

std::string cpp_network_scores(const ModelSpec& spec, const std::string& additions) {
    const std::string width = std::to_string(spec.hidden.front());
    std::string text = "    std::vector<double> sums_0(" + width + ");\n    for (int o = 0; o < " + width +
                       "; ++o) sums_0[o] = static_cast<double>(detail::biases()[o]);\n" + additions;
    const auto& hidden = spec.hidden;
    for (std::size_t i = 1; i <= hidden.size(); ++i) {
        const std::string id = std::to_string(i), before = "sums_" + std::to_string(i - 1);
        const bool last = i == hidden.size();
        const std::string count = last ? "outputs" : std::to_string(hidden[i]);
        if (!last) text += "    std::vector<double> sums_" + id + "(" + count + ");\n";
        text += "    detail::layer(detail::weights_" + id + "(), detail::biases_" + id + "(), " + before + ", " + count + ", " +
                (last ? "out" : "sums_" + id + ".data()") + ");\n";
    }
    return text;
}

}  // namespace glissade
