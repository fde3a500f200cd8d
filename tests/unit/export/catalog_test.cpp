// SPDX-License-Identifier: Apache-2.0
// Every loss of the catalog can be exported, and has probabilities there where it has them here.
#include <gtest/gtest.h>

#include "glissade/error.hpp"
#include "glissade/rules/catalog.hpp"
#include "host/export/cpp_header.hpp"
#include "host/export/onnx_model.hpp"

namespace glissade {
namespace {

Model small_model(const Loss& loss) {
    Model model;
    model.spec.loss = loss;
    model.spec.features = 2;
    model.spec.outputs = loss.kind() == LossKind::grouped ? 3 : 1;
    model.task = loss.kind() == LossKind::regression ? Task::regression : Task::classification;
    if (loss.kind() == LossKind::binary) model.class_labels = {"no", "yes"};
    if (loss.kind() == LossKind::grouped) model.class_labels = {"a", "b", "c"};
    model.parameters.assign(static_cast<std::size_t>(model.spec.parameter_count()), .5);
    return model;
}

bool knows_probabilities(const Model& model) {
    const std::vector<float> x = {1, 2};
    std::vector<float> out(model.class_labels.size());
    try {
        model.predict_proba(MatrixView<const float>(x.data(), 1, 2), out);
        return true;
    } catch (const Error&) {
        return false;
    }
}

TEST(Export, KnowsEveryLossOfTheCatalog) {
    for (const std::string_view name : Loss::names()) {
        const Model model = small_model(Loss(name));
        const std::string header = to_cpp_header(model, "m", "1");
        const OnnxExport onnx = to_onnx(model, "m", "1");
        const std::string outputs = ::testing::PrintToString(onnx.outputs);
        const bool proba = model.task == Task::classification && knows_probabilities(model);
        EXPECT_EQ(header.find("inline void predict_proba") != std::string::npos, proba) << name;
        EXPECT_EQ(outputs.find("probabilities") != std::string::npos, proba) << name << ": " << outputs;
        EXPECT_EQ(outputs.find("value") != std::string::npos, model.task == Task::regression) << name << ": " << outputs;
        const bool exponential = model.spec.loss.link() == Link::logarithm;
        EXPECT_EQ(header.find("return std::exp(out[0])") != std::string::npos, exponential) << name;
        EXPECT_EQ(onnx.file.find("Exp") != std::string::npos, exponential) << name;
    }
}

TEST(Export, KnowsEveryActivationOfTheCatalog) {
    for (const std::string_view name : Activation::names()) {
        Model model = small_model(Loss("softmax"));
        model.spec.hidden = {3};
        model.spec.activation = Activation(name);
        model.parameters.assign(static_cast<std::size_t>(model.spec.parameter_count()), .5);
        EXPECT_NE(to_cpp_header(model, "m", "1").find("inline double activate"), std::string::npos) << name;
        EXPECT_NE(to_onnx(model, "m", "1").file.find("/weights 1"), std::string::npos) << name;
    }
}

TEST(Export, RefusesAHeaderThatNoCompilerWouldFinish) {
    Model model = small_model(Loss("squared"));
    model.spec.features = 10'000'001;
    model.parameters.assign(static_cast<std::size_t>(model.spec.parameter_count()), 0);
    EXPECT_THROW(to_cpp_header(model, "m", "1"), Error);
}

}  // namespace
}  // namespace glissade
