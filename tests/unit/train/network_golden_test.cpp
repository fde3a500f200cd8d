// SPDX-License-Identifier: Apache-2.0
// Whole runs of networks against PyTorch's: the same start, the same batches, every activation, several optimizers and losses.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "glissade/glissade.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/cases.hpp"

namespace glissade::network_golden_test {
namespace {

struct Golden {
    nlohmann::json all = nlohmann::json::parse(std::ifstream(GLISSADE_TEST_SOURCE_DIR "/golden/networks.json"));
    std::vector<double> x, y;
    std::int64_t rows = 0, features = 0;

    explicit Golden(const std::string& loss = "softmax") : y(all.at("targets").at(loss).get<std::vector<double>>()) {
        rows = static_cast<std::int64_t>(y.size());
        for (const auto& row : all.at("x"))
            for (const double value : row) x.push_back(value);
        features = static_cast<std::int64_t>(x.size()) / rows;
    }
};

TrainOptions options_of(const nlohmann::json& run, const nlohmann::json& meta) {
    TrainOptions options;
    options.loss = Loss(run.at("loss").get<std::string>());
    options.label_smoothing = run.at("label_smoothing");
    options.hidden = meta.at("hidden").get<std::vector<std::int64_t>>();
    options.activation = Activation(run.at("activation").get<std::string>());
    if (options.activation.name() == "leaky_relu")
        options.activation.set("negative_slope", run.at("activation_settings").at("negative_slope"));
    if (options.activation.name() == "elu") options.activation.set("elu_alpha", run.at("activation_settings").at("alpha"));
    options.optimizer = Optimizer::named(run.at("optimizer").get<std::string>());
    for (const auto& [name, value] : run.at("settings").items()) options.optimizer.set(name, value);
    options.schedule = "constant";
    options.shuffle = Shuffle::none;
    options.batch_size = meta.at("batch");
    options.epochs = 100;
    options.device = "cpu";
    Model start;
    start.spec.features = 3;
    start.spec.outputs = run.at("outputs");
    start.spec.loss = options.loss;
    start.spec.hidden = options.hidden;
    start.spec.activation = options.activation;
    start.real_type = RealType::float64;
    start.task = options.loss.kind() == LossKind::regression ? Task::regression : Task::classification;
    if (start.task == Task::classification) start.class_labels = {"0", "1"};
    if (options.loss.kind() == LossKind::grouped) start.class_labels.emplace_back("2");
    start.parameters = run.at("start").get<std::vector<double>>();
    options.start = start;
    return options;
}

/// How far a correct run in float64 may be from the exact one after each step.
reference::Bounds bounds_of(const Golden& golden, const TrainOptions& options, std::int64_t steps) {
    reference::Problem problem;
    problem.rows = golden.rows;
    problem.features = golden.features;
    problem.outputs = options.start->spec.outputs;
    problem.hidden = options.hidden;
    problem.x = golden.x;
    problem.targets = golden.y;
    reference::Settings settings;
    testing::copy_to_reference(options.loss, settings);
    testing::copy_to_reference(options.optimizer, settings);
    settings.activation = options.activation.name();
    settings.label_smoothing = options.label_smoothing;
    for (const auto& field : options.activation.fields())
        settings.activation_fields[std::string(field.name)] = options.activation.get(field.name);
    auto batches = reference::steps_in_file_order(problem, options.batch_size, steps, options.optimizer.get("lr"));
    batches.resize(static_cast<std::size_t>(steps));
    return reference::error_bounds(problem, settings, batches, options.start->parameters, reference::float64_unit);
}

TEST(NetworkGolden, TakesTheStepsOfPyTorch) {
    const nlohmann::json all = Golden().all;
    std::size_t compared = 0;
    for (const auto& run : all.at("runs")) {
        const Golden golden(run.at("loss").get<std::string>());
        TrainOptions options = options_of(run, all.at("meta"));
        const std::string name = run.at("name");
        const auto losses = run.at("losses").get<std::vector<double>>();
        const reference::Bounds bounds = bounds_of(golden, options, static_cast<std::int64_t>(losses.size()));
        for (const auto& [steps, values] : run.at("parameters").items()) {
            options.max_steps = std::stoll(steps);
            const Dataset data = Dataset::borrow(MatrixView<const double>(golden.x.data(), golden.rows, golden.features), golden.y);
            const auto found = train(data, options).model.parameters;
            const auto wanted = values.get<std::vector<double>>();
            const double bound = bounds.parameters[static_cast<std::size_t>(options.max_steps - 1)];
            ASSERT_LT(bound, 1e6 * reference::float64_unit) << name << ": the bound says nothing";
            ASSERT_EQ(found.size(), wanted.size()) << name;
            for (std::size_t j = 0; j < wanted.size(); ++j)  // PyTorch rounds too
                EXPECT_NEAR(found[j], wanted[j], 2 * bound) << name << ", step " << steps << ", parameter " << j;
            ++compared;
        }
    }
    EXPECT_EQ(compared, 3 * all.at("runs").size());
}

}  // namespace
}  // namespace glissade::network_golden_test
