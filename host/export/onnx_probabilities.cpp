// SPDX-License-Identifier: Apache-2.0
#include "host/export/onnx_probabilities.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace glissade {

namespace {

class ProbabilityNodes {
public:
    ProbabilityNodes(OnnxGraph& graph, const Model& model) : graph_(graph), model_(model) {}

    std::string add(const std::string& scores) {
        const std::string_view loss = model_.spec.loss.name();
        std::string raw = scores, probabilities;
        if (model_.spec.outputs == 1) raw = graph_.add("Concat", {graph_.add("Neg", {scores}, "/other score"), scores}, "/pair", {axis_});
        if (loss == "softmax") {
            probabilities = graph_.add("Softmax", {raw}, "/softmax", {axis_});
        } else if (loss == "logistic") {
            probabilities = model_.spec.one_vs_rest() ? logistic_shares(raw) : graph_.add("Sigmoid", {raw}, "/sigmoid");
        } else {
            const std::string clipped = graph_.add("Clip", {raw, real("/low", -1), real("/high", 1)}, "/clipped");
            const std::string raised = graph_.add("Add", {clipped, real("/one", 1)}, "/raised");
            probabilities = graph_.add("Mul", {raised, real("/half", .5)}, "/halved");
            if (model_.spec.one_vs_rest()) probabilities = shares(probabilities);
        }
        // Runtimes bound their sigmoids, and so lose a NaN.
        return graph_.add("Where", {graph_.add("IsNaN", {raw}, "/unknown"), raw, probabilities}, "probabilities");
    }

private:
    std::string real(const std::string& name, double value) { return graph_.constant(name, {}, {value}, model_.real_type); }

    /// One-vs-rest: logistic functions of a row's scores, brought to sum 1. Runtimes bound their sigmoids, so that shares of small ones
    /// come from logarithms: min(z, 0) - log(1 + e^-|z|).
    std::string logistic_shares(const std::string& scores) {
        const std::string power = graph_.add("Exp", {graph_.add("Neg", {graph_.add("Abs", {scores}, "/size")}, "/minus size")}, "/power");
        const std::string rest = graph_.add("Log", {graph_.add("Add", {power, real("/one", 1)}, "/one more")}, "/rest");
        const std::string logs = graph_.add("Sub", {graph_.add("Min", {scores, real("/zero score", 0)}, "/below 0"), rest}, "/logs");
        return graph_.add("Softmax", {logs}, "/shares", {axis_});
    }

    /// The same of probabilities that may all be 0, which makes all classes alike.
    std::string shares(const std::string& each) {
        const std::string sum = graph_.add("ReduceSum", {each, graph_.constant("/classes", {1}, std::vector<std::int64_t>{1})}, "/sum");
        const std::string none = graph_.add("Equal", {sum, real("/nothing", 0)}, "/none of them");
        const std::string alike = real("/alike", 1.0 / static_cast<double>(model_.spec.outputs));
        return graph_.add("Where", {none, alike, graph_.add("Div", {each, sum}, "/divided")}, "/shares");
    }

    const OnnxAttribute axis_{"axis", std::int64_t{1}};
    OnnxGraph& graph_;
    const Model& model_;
};

}  // namespace

std::string add_onnx_probabilities(OnnxGraph& graph, const Model& model, const std::string& scores) {
    const std::string_view loss = model.spec.loss.name();
    if (loss != "softmax" && loss != "logistic" && loss != "modified_huber") return "";
    return ProbabilityNodes(graph, model).add(scores);
}

}  // namespace glissade
