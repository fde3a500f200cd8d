// SPDX-License-Identifier: Apache-2.0
// Whole runs on a card: what only the emulation can tell.
#include <gtest/gtest.h>

#include <cstring>

#include "glissade/error.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/on_device.hpp"

namespace glissade::testing {
namespace {

class RunFault : public CudaTest {};

TrainOptions plain_run() {
    TrainOptions options;
    options.epochs = 2;
    options.batch_size = 40;
    options.device = "cuda";
    return options;
}

TEST_F(RunFault, WaitsForWhatTheStreamHasQueued) {
    const RandomProblem<float> problem(40, 5, 2, 4);
    std::vector<double> expected;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        emulation::reset();
        emulation::set_seed(seed);
        const DeviceProblem there(problem, 0, true);  // nothing of it has arrived yet
        const Dataset data = Dataset::borrow_device(there.view(), problem.y, {0, there.x.stream()});
        const Model model = train(data, plain_run()).model;
        if (expected.empty()) expected = model.parameters;
        EXPECT_EQ(model.parameters, expected) << "seed " << seed;
    }
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        emulation::reset();
        emulation::set_seed(seed);
        const DeviceProblem there(problem, 0, true);
        Model model;
        model.spec = {5, 1, true, "squared"};
        model.parameters = {1, 2, 3, 4, 5, 6};
        std::vector<float> found(40), wanted(40);
        model.predict(problem.view(), wanted);
        model.predict(Dataset::borrow_device(there.view(), {}, {0, there.x.stream()}), found, {.device = "cuda"});
        EXPECT_EQ(found, wanted) << "seed " << seed;
    }
}

/// Bytes that copies moved since the beginning of the log.
std::size_t copied_bytes() {
    std::size_t bytes = 0;
    for (const emulation::Call& call : emulation::call_log())
        if (std::strncmp(call.name, "cudaMemcpy", 10) == 0) bytes += call.bytes;
    return bytes;
}

TEST_F(RunFault, FeaturesDoNotTravel) {
    const RandomProblem<float> problem(600, 30, 2, 4);
    const std::size_t feature_bytes = problem.x.size() * sizeof(float);
    const DeviceProblem there(problem);
    const std::size_t before = copied_bytes();
    const Model model = train(there.dataset(), plain_run()).model;
    std::vector<float> out(600);
    model.predict(there.dataset(), out, {.device = "cuda"});
    EXPECT_LT(copied_bytes() - before, feature_bytes);
}

TEST_F(RunFault, SetsTheNextSegmentOffBeforeTheReportOfTheLastIsRead) {
    const RandomProblem<float> problem(40, 3, 2, 4);
    TrainOptions options = plain_run();
    options.batch_size = 10;
    options.segment_steps = 1;
    std::vector<std::int64_t> launches;
    options.on_segment = [&](const Progress&) {
        launches.push_back(emulation::count_calls("cudaLaunchKernelEx"));
        return Control::go_on;
    };
    train(problem.dataset(), options);
    ASSERT_EQ(launches.size(), 8U);
    // With the first report two segments have been launched, with the last but one all of them.
    EXPECT_EQ(launches[6] - launches[0], 6);
    EXPECT_EQ(launches[7], launches[6]);
}

TEST_F(RunFault, OfAnotherCardIsRefusedByName) {
    emulation::reset();
    emulation::set_card("hopper-like", 2);
    const RandomProblem<float> problem(30, 4, 2, 3);
    const DeviceProblem there(problem);
    const auto error = error_of([&] { Dataset::borrow_device(there.view(), problem.y, {1, nullptr}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device);
    EXPECT_NE(std::string(error->what()).find("it is memory of CUDA device 0, not of device 1"), std::string::npos) << error->what();
    TrainOptions options = plain_run();
    options.device = "cuda:1";
    const auto chosen = error_of([&] { train(there.dataset(), options); });
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->kind(), ErrorKind::device);
    EXPECT_NE(std::string(chosen->what()).find("memory of CUDA device 0, which device cuda:1 does not read"), std::string::npos)
        << chosen->what();
}

TEST_F(RunFault, OfAnyCallIsATypedErrorAndLeavesNothingBehind) {
    const RandomProblem<float> problem(12, 2, 2, 3);
    const auto use_everything = [&] {
        const DeviceProblem there(problem, 1);
        TrainOptions options = plain_run();
        options.epochs = 1;
        options.loss = "squared";
        options.standardize = true;
        options.validation = there.dataset();
        const Model model = train(there.dataset(true), options).model;
        std::vector<float> out(12);
        model.predict(there.dataset(), out, {.device = "cuda"});
    };
    use_everything();
    const std::int64_t calls = emulation::count_calls();
    ASSERT_GT(calls, 100);
    std::int64_t failed = 0;
    for (std::int64_t n = 1; n <= calls; ++n) {
        use(cards().front());
        emulation::fail_call(n);
        const auto error = error_of(use_everything);
        failed += error ? 1 : 0;
        if (error) {
            EXPECT_TRUE(error->kind() == ErrorKind::device || error->kind() == ErrorKind::memory) << error->what();
        }
        for (const std::string& fault : take_faults()) ADD_FAILURE() << "call " << n << ": " << fault;
    }
    EXPECT_GT(failed, calls / 2);  // the rest gives something back, or asks for a fact that has a substitute
}

}  // namespace
}  // namespace glissade::testing
