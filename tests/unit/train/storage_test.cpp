// SPDX-License-Identifier: Apache-2.0
// Runs that store features in bfloat16.
#include <gtest/gtest.h>

#include "glissade/device.hpp"
#include "glissade/rules/bfloat16.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::storage_test {
namespace {

using testing::error_of;
using testing::RandomProblem;

TrainOptions short_run() {
    TrainOptions options;
    options.loss = "logistic";
    options.epochs = 3;
    options.batch_size = 32;
    options.device = "cpu";
    return options;
}

TEST(Storage, Bfloat16IsTheRunOnRoundedFeatures) {
    RandomProblem<float> problem(200, 6, 2, 3);
    TrainOptions options = short_run();
    const auto whole = train(problem.dataset(), options).model.parameters;
    options.storage = Storage::bfloat16;
    const auto stored = train(problem.dataset(), options).model.parameters;
    for (float& value : problem.x) value = rules::rounded_to_bfloat16(value);
    options.storage = Storage::float32;
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, stored);
    EXPECT_NE(whole, stored);
}

TEST(Storage, BelongsToTheSettingsThatARunResumesWith) {
    const RandomProblem<float> problem(100, 4, 2, 3);
    const glissade::test::ScratchDirectory scratch;
    TrainOptions options = short_run();
    options.checkpoint.directory = scratch.file("run");
    train(problem.dataset(), options);
    options.storage = Storage::bfloat16;
    const auto error = error_of([&] { resume(problem.dataset(), options.checkpoint.directory, options); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("other settings"), std::string::npos) << error->what();
}

TEST(Storage, OfOtherDataIsRefusedByName) {
    TrainOptions options = short_run();
    options.storage = Storage::bfloat16;
    const auto in_double = error_of([&] { train(RandomProblem<double>(50, 3, 2, 4).dataset(), options); });
    ASSERT_TRUE(in_double);
    EXPECT_EQ(in_double->kind(), ErrorKind::usage);
    EXPECT_NE(std::string(in_double->what()).find("float64"), std::string::npos) << in_double->what();
    const std::vector<std::int64_t> offsets = {0, 1, 2};
    const std::vector<std::uint32_t> indices = {0, 1};
    const std::vector<float> values = {1, 1}, targets = {0, 1};
    const auto sparse = error_of([&] {
        train(Dataset::borrow(SparseView<const float>{offsets.data(), indices.data(), values.data(), 2, 2}, targets), options);
    });
    ASSERT_TRUE(sparse);
    EXPECT_NE(std::string(sparse->what()).find("the data is sparse"), std::string::npos) << sparse->what();
}

TEST(MatmulPrecision, IsForNetworksOnAGpu) {
    const RandomProblem<float> problem(50, 3, 2, 4);
    TrainOptions options = short_run();
    options.matmul_precision = MatmulPrecision::tf32;
    const auto linear = error_of([&] { train(problem.dataset(), options); });
    ASSERT_TRUE(linear);
    EXPECT_EQ(linear->kind(), ErrorKind::usage);
    EXPECT_NE(std::string(linear->what()).find("set hidden layers"), std::string::npos) << linear->what();
    options.hidden = {4};
    for (const char* device : {"cpu", "auto"}) {
        if (device == std::string("auto") && cuda_availability().missing.empty()) continue;
        options.device = device;
        const auto on_cpu = error_of([&] { train(problem.dataset(), options); });
        ASSERT_TRUE(on_cpu) << device;
        EXPECT_EQ(on_cpu->kind(), ErrorKind::usage);
        EXPECT_NE(std::string(on_cpu->what()).find("on a GPU"), std::string::npos) << on_cpu->what();
    }
}

}  // namespace
}  // namespace glissade::storage_test
