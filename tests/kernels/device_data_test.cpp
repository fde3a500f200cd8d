// SPDX-License-Identifier: Apache-2.0
// Data sets in the memory of a card: training and prediction give the bits that the same rows in host memory give.
#include <gtest/gtest.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/on_device.hpp"
#include "tests/unit/train/interrupted.hpp"

namespace glissade::testing {
namespace {

class DeviceData : public CudaTest {};

TrainOptions short_run() {
    TrainOptions options;
    options.epochs = 3;
    options.batch_size = 20;
    options.device = "cuda";
    return options;
}

/// What a run learned and measured.
void expect_same_run(const Run& a, const Run& b) {
    EXPECT_EQ(a.model.parameters, b.model.parameters);
    ASSERT_EQ(a.history.size(), b.history.size());
    for (std::size_t e = 0; e < a.history.size(); ++e) EXPECT_EQ(a.history[e].loss, b.history[e].loss);
}

TEST_F(DeviceData, TrainsToTheBitsOfHostRows) {
    for (const bool standardize : {false, true})
        for (const std::int64_t padding : {0, 3})
            for (const bool weighted : {false, true}) {
                const RandomProblem<float> problem(50, 7, 2, 3);
                const DeviceProblem there(problem, padding);
                TrainOptions options = short_run();
                options.loss = "logistic";
                options.standardize = standardize;
                expect_same_run(train(there.dataset(weighted), options), train(problem.dataset(weighted), options));
            }
}

TEST_F(DeviceData, TakesTargetsOfEitherMemory) {
    const RandomProblem<float> problem(40, 3, 0, 5);
    const DeviceProblem there(problem);
    TrainOptions options = short_run();
    options.standardize_target = true;
    const auto expected = train(problem.dataset(), options);
    const DevicePlace place{0, there.x.stream()};
    expect_same_run(train(Dataset::borrow_device(there.view(), problem.y, place), options), expected);
    expect_same_run(train(Dataset::borrow_device(there.view(), there.y.span(), place), options), expected);
}

TEST_F(DeviceData, PredictsAndEvaluatesToTheBitsOfHostRows) {
    const RandomProblem<float> problem(45, 6, 4, 8);
    const DeviceProblem there(problem, 2);
    TrainOptions options = short_run();
    options.loss = "softmax";
    options.standardize = true;
    const Model model = train(problem.dataset(), options).model;
    const Dataset data = there.dataset();
    const PredictOptions card{.device = "cuda:0"}, either{.device = "auto"}, cpu{.device = "cpu"};
    const auto outputs = static_cast<std::size_t>(45 * model.spec.outputs);
    std::vector<float> expected(outputs), found(outputs), classes(45), found_classes(45);
    model.decision_function(problem.view(), expected, cpu);
    model.decision_function(data, found, card);
    EXPECT_EQ(found, expected);
    model.predict_proba(problem.view(), expected, cpu);
    model.predict_proba(data, found, either);
    EXPECT_EQ(found, expected);
    model.predict(problem.view(), classes, cpu);
    model.predict(data, found_classes, card);
    EXPECT_EQ(found_classes, classes);
    EXPECT_EQ(model.evaluate(data, card).list(), model.evaluate(problem.dataset(), cpu).list());
}

TEST_F(DeviceData, GoesOnFromACheckpointThatHostRowsWrote) {
    const RandomProblem<float> problem(50, 7, 2, 3);
    const DeviceProblem there(problem, 1);
    TrainOptions options = short_run();
    options.loss = "logistic";
    const auto whole = train(there.dataset(true), options);
    const test::ScratchDirectory scratch;
    options.checkpoint.directory = scratch.path();
    options.on_segment = [](const Progress& progress) { return progress.epoch >= 1 ? Control::stop : Control::go_on; };
    train(problem.dataset(true), options);
    options.on_segment = nullptr;
    expect_same_run(resume(there.dataset(true), scratch.path(), options), whole);
}

TEST_F(DeviceData, NamesTheFirstValueThatIsNotFiniteAsHostRowsDo) {
    RandomProblem<float> problem(60, 5, 2, 3);
    problem.x[17 * 5 + 3] = std::numeric_limits<float>::infinity();
    problem.x[17 * 5 + 4] = std::numeric_limits<float>::quiet_NaN();
    problem.x[40 * 5] = std::numeric_limits<float>::quiet_NaN();
    const DeviceProblem there(problem, 2);
    const auto expected = error_of([&] { train(problem.dataset(), short_run()); });
    const auto found = error_of([&] { train(there.dataset(), short_run()); });
    ASSERT_TRUE(expected && found);
    EXPECT_EQ(found->kind(), ErrorKind::data);
    EXPECT_STREQ(found->what(), expected->what());
    EXPECT_NE(std::string(found->what()).find("row 18, column 4"), std::string::npos) << found->what();
}

std::string refusal(ErrorKind kind, const std::function<void()>& action) {
    const auto error = error_of(action);
    EXPECT_TRUE(error.has_value());
    if (!error) return "";
    EXPECT_EQ(error->kind(), kind) << error->what();
    return error->what();
}

TEST_F(DeviceData, IsReadByNoOtherDevice) {
    const RandomProblem<float> problem(30, 4, 2, 3);
    const DeviceProblem there(problem);
    TrainOptions options = short_run();
    const Model model = train(there.dataset(), options).model;
    options.device = "cpu";
    EXPECT_NE(refusal(ErrorKind::device, [&] { train(there.dataset(), options); }).find("which device cpu does not read: use device auto"),
              std::string::npos);
    std::vector<float> out(30);
    EXPECT_NE(refusal(ErrorKind::device, [&] { model.predict(there.dataset(), out); }).find("copy them to the host"), std::string::npos);
    refusal(ErrorKind::internal, [&] { (void)there.dataset().features<float>(); });
    refusal(ErrorKind::usage, [&] { (void)there.dataset().select(std::vector<std::int64_t>{0}); });
    Model wide = model;
    wide.real_type = RealType::float64;
    refusal(ErrorKind::usage, [&] { model.evaluate(there.dataset(), {.device = "cpu:1"}); });
    refusal(ErrorKind::usage, [&] { wide.evaluate(there.dataset(), {.device = "cuda"}); });
    refusal(ErrorKind::usage, [&] { wide.predict(there.dataset(), out, {.device = "cuda"}); });
}

TEST_F(DeviceData, RefusesMemoryOfTheHostAndSizesThatDisagree) {
    const RandomProblem<float> problem(30, 4, 2, 3);
    const DeviceProblem there(problem);
    EXPECT_NE(refusal(ErrorKind::data, [&] { Dataset::borrow_device(problem.view(), problem.y, {}); }).find("is host memory"),
              std::string::npos);
    refusal(ErrorKind::data, [&] { Dataset::borrow_device(there.view(), std::span(problem.y).first(29), {}); });
    refusal(ErrorKind::data, [&] { Dataset::borrow_device({nullptr, 3, 4}, {}, {}); });
    EXPECT_NE(refusal(ErrorKind::device,
                      [&] {
                          Dataset::borrow_device(there.view(), {}, {99, nullptr});
                      })
                  .find("no CUDA device 99"),
              std::string::npos);
}

}  // namespace
}  // namespace glissade::testing
