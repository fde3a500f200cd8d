// SPDX-License-Identifier: Apache-2.0
// Device auto and networks: what cannot be made ready on the card that was found runs on the CPU, which is said. A card that was asked for
// by name keeps its error.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/cuda/check.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/gemm_stand_in.hpp"
#include "tests/kernels/on_device.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkAuto : public CudaTest {};

/// More layers than a segment kernel takes: it needs matrix products.
TrainOptions deep_network(const std::string& device) {
    TrainOptions options;
    options.loss = "softmax";
    options.hidden.assign(8, 4);
    options.optimizer = Adam{.lr = 1e-2};
    options.batch_size = 16;
    options.epochs = 1;
    options.device = device;
    return options;
}

void use_a_card_of(std::size_t memory_bytes) {
    emulation::Card card = emulation::card("hopper-like");
    card.memory_bytes = memory_bytes;
    emulation::reset();
    emulation::set_card(card);
}

bool holds(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

TEST_F(CudaNetworkAuto, TrainsOnTheCpuWithoutTheLibraryOrTheMemory) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const auto on_cpu = train(problem.dataset(), deep_network("cpu"));
    {
        const MissingGemmLibrary missing;
        const auto run = train(problem.dataset(), deep_network("auto"));
        EXPECT_TRUE(holds(run.plan, "the GPU cannot take this shape: cublasLtCreate")) << run.plan;
        EXPECT_TRUE(holds(run.plan, "was not found (the stand-in: nothing)")) << run.plan;
        EXPECT_EQ(run.model.parameters, on_cpu.model.parameters);
        const auto error = error_of([&] { train(problem.dataset(), deep_network("cuda")); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind(), ErrorKind::device);
    }
    EXPECT_TRUE(holds(train(problem.dataset(), deep_network("auto")).plan, "a graph of")) << "the card takes it otherwise";
    use_a_card_of(65536);
    const auto run = train(problem.dataset(), deep_network("auto"));
    EXPECT_TRUE(holds(run.plan, "free memory on the device")) << run.plan;
    EXPECT_EQ(run.model.parameters, on_cpu.model.parameters);
    const auto error = error_of([&] { train(problem.dataset(), deep_network("cuda")); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::memory);
}

/// Rows of the model's own type, rows that are converted some at a time, and metrics.
TEST_F(CudaNetworkAuto, PredictsOnTheCpuWithoutTheLibraryOrTheMemory) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const std::vector<double> wide(problem.x.begin(), problem.x.end());
    const MatrixView<const double> wide_view(wide.data(), 40, 5);
    const Model model = train(problem.dataset(), deep_network("cpu")).model;
    std::vector<float> on_cpu(120), found(120);
    std::vector<double> wide_on_cpu(120), wide_found(120);
    model.decision_function(problem.view(), on_cpu);
    model.decision_function(wide_view, wide_on_cpu);
    const Metrics metrics = model.evaluate(problem.dataset());
    std::vector<std::string> told;
    const PredictOptions either{.device = "auto", .on_fallback = [&](const std::string& text) { told.push_back(text); }};
    const auto expect_the_cpu = [&](const char* why, ErrorKind kind) {
        told.clear();
        model.decision_function(problem.view(), found, either);
        model.decision_function(wide_view, wide_found, either);
        EXPECT_EQ(found, on_cpu);
        EXPECT_EQ(wide_found, wide_on_cpu);
        EXPECT_EQ(model.evaluate(problem.dataset(), either).list(), metrics.list());
        ASSERT_EQ(told.size(), 3U) << "once a call";
        for (const std::string& text : told) EXPECT_TRUE(holds(text, why)) << text;
        const auto scoring = error_of([&] { model.decision_function(problem.view(), found, {.device = "cuda"}); });
        const auto judging = error_of([&] { model.evaluate(problem.dataset(), {.device = "cuda"}); });
        ASSERT_TRUE(scoring && judging);
        EXPECT_EQ(scoring->kind(), kind);
        EXPECT_EQ(judging->kind(), kind);
    };
    {
        const MissingGemmLibrary missing;
        expect_the_cpu("was not found", ErrorKind::device);
    }
    use_a_card_of(1024);
    expect_the_cpu("free memory on the device", ErrorKind::memory);
    emulation::reset();
    told.clear();
    model.decision_function(problem.view(), found, either);
    EXPECT_TRUE(told.empty()) << "the card takes it otherwise";
}

/// Then the CPU is taken only for want of memory.
TEST_F(CudaNetworkAuto, ThrowsWhatNobodyIsToldOf) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const Model model = train(problem.dataset(), deep_network("cpu")).model;
    std::vector<float> on_cpu(120), found(120);
    model.decision_function(problem.view(), on_cpu);
    const auto is_thrown = [](const std::function<void()>& action) {
        const auto error = error_of(action);
        return error && error->kind() == ErrorKind::device;
    };
    {
        const MissingGemmLibrary missing;
        EXPECT_TRUE(is_thrown([&] { model.decision_function(problem.view(), found, {.device = "auto"}); }));
        EXPECT_TRUE(is_thrown([&] { model.evaluate(problem.dataset(), {.device = "auto"}); }));
    }
    use_a_card_of(1024);
    model.decision_function(problem.view(), found, {.device = "auto"});
    EXPECT_EQ(found, on_cpu);
    EXPECT_EQ(model.evaluate(problem.dataset(), {.device = "auto"}).list(), model.evaluate(problem.dataset()).list());
}

/// A launch that fails: of evaluate() somebody may be told, of scores that are under way nobody.
TEST_F(CudaNetworkAuto, ThrowsAFailedLaunchUnlessSomebodyIsTold) {
    const RandomProblem<float> problem(40, 5, 0, 4);
    Model model;
    model.spec.features = 5;
    model.spec.loss = "squared";
    model.parameters.assign(6, .5);
    std::vector<float> found(40);
    std::vector<std::string> told;
    const PredictOptions alone{.device = "auto"},
        heard{.device = "auto", .on_fallback = [&](const std::string&text) { told.push_back(text); }};
    const auto fails = [&](const std::function<void()>& action) {
        emulation::reset();
        action();
        const auto& log = emulation::call_log();
        const auto launch =
            std::find_if(log.begin(), log.end(), [](const auto& call) { return std::string_view(call.name) == "cudaLaunchKernelEx"; });
        const std::int64_t n = launch - log.begin() + 1;
        EXPECT_NE(launch, log.end());
        emulation::reset();
        emulation::fail_call(n, cudaErrorLaunchFailure);
        const auto error = error_of(action);
        emulation::fail_call(1000000);
        return error && error->kind() == ErrorKind::device;
    };
    EXPECT_TRUE(fails([&] { model.decision_function(problem.view(), found, alone); }));
    EXPECT_TRUE(fails([&] { model.decision_function(problem.view(), found, heard); }));
    EXPECT_TRUE(fails([&] { model.evaluate(problem.dataset(), alone); }));
    EXPECT_TRUE(told.empty());
    EXPECT_FALSE(fails([&] { model.evaluate(problem.dataset(), heard); }));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(holds(told[0], "failed: ")) << told[0];
}

/// Only that card reads them: there is no falling back.
TEST_F(CudaNetworkAuto, KeepsTheErrorWhereTheRowsAreOnTheCard) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const Model model = train(problem.dataset(), deep_network("cpu")).model;
    const DeviceProblem there(problem);
    const MissingGemmLibrary missing;
    std::vector<float> found(120);
    EXPECT_TRUE(error_of([&] { model.decision_function(there.dataset(), found, {.device = "auto"}); }));
    EXPECT_TRUE(error_of([&] { train(there.dataset(), deep_network("auto")); }));
}

/// Blocks of rows that are converted are scored with what was taken for the first.
TEST_F(CudaNetworkAuto, ConvertedRowsAreScoredByOneScorer) {
    const RandomProblem<float> problem(3000, 700, 0, 4);
    const std::vector<double> wide(problem.x.begin(), problem.x.end());
    Model model;
    model.spec.features = 700;
    model.spec.loss = "squared";
    model.parameters.assign(701, .5);
    std::vector<double> on_cpu(3000), found(3000);
    model.predict(MatrixView<const double>(wide.data(), 3000, 700), on_cpu);
    const std::int64_t before = emulation::count_calls("cudaMalloc");
    model.predict(MatrixView<const double>(wide.data(), 1, 700), std::span(found).first(1), {.device = "cuda"});
    const std::int64_t of_one = emulation::count_calls("cudaMalloc") - before;
    model.predict(MatrixView<const double>(wide.data(), 3000, 700), found, {.device = "cuda"});
    EXPECT_EQ(found, on_cpu);
    EXPECT_EQ(emulation::count_calls("cudaMalloc") - before, 2 * of_one);
}

TEST(CudaProduct, ErrorsNameCallSizeAndRemedy) {
    const auto text = [](cudaError_t status) {
        return std::string(error_of([&] { cuda::check_product(status, "cublasLtMatmul", "a product of 3 x 4 x 5"); })->what());
    };
    for (const cudaError_t status : {cudaErrorNotSupported, cudaErrorNoKernelImageForDevice, cudaErrorInitializationError,
                                     cudaErrorLaunchFailure, cudaErrorSharedObjectInitFailed})
        EXPECT_EQ(text(status).rfind("cublasLtMatmul (a product of 3 x 4 x 5) failed: ", 0), 0U) << text(status);
    EXPECT_TRUE(holds(text(cudaErrorNotSupported), "take other widths of layers or batches, precision float32"))
        << text(cudaErrorNotSupported);
    EXPECT_TRUE(holds(text(cudaErrorNoKernelImageForDevice), "install a newer one")) << text(cudaErrorNoKernelImageForDevice);
    EXPECT_TRUE(holds(text(cudaErrorInitializationError), "cuBLASLt does not start")) << text(cudaErrorInitializationError);
    EXPECT_TRUE(holds(text(cudaErrorSharedObjectInitFailed), "LD_LIBRARY_PATH")) << text(cudaErrorSharedObjectInitFailed);
    EXPECT_EQ(error_of([] { cuda::check_product(cudaErrorMemoryAllocation, "cublasLtMatmul", "x"); })->kind(), ErrorKind::memory);
    EXPECT_FALSE(error_of([] { cuda::check_product(0, "cublasLtMatmul", "x"); }));
}

}  // namespace
}  // namespace glissade::testing
