// SPDX-License-Identifier: Apache-2.0
// Whole runs on a card: what only the emulation can tell.
#include <gtest/gtest.h>

#include <cstring>

#include "glissade/error.hpp"
#include "host/data/device_memory.hpp"
#include "host/execution/backend.hpp"
#include "host/train/score_metrics.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/kernels/on_device.hpp"
#include "tests/kernels/score_on_card.hpp"

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
        model.spec.features = 5;
        model.spec.loss = "squared";
        model.parameters = {1, 2, 3, 4, 5, 6};
        std::vector<float> found(40), wanted(40);
        model.predict(problem.view(), wanted);
        model.predict(Dataset::borrow_device(there.view(), {}, {0, there.x.stream()}), found, {.device = "cuda"});
        EXPECT_EQ(found, wanted) << "seed " << seed;
    }
}

/// What each reader of device memory makes of rows that are there, or have only been queued, one reader a call.
std::vector<double> read_with(int reader, const RandomProblem<float>& problem, bool queued) {
    const DeviceProblem there(problem, 1, queued);
    const DevicePlace place{0, there.x.stream()};
    std::vector<float> out(static_cast<std::size_t>(problem.rows * problem.columns));
    const std::vector<float> parameters = {1, 2, -1, .5F};
    ScoreTask<float> task;
    task.x = there.view();
    task.parameters = parameters.data();
    task.place = place;
    ModelSpec spec;
    spec.features = 3;
    spec.loss = "logistic";
    JudgedRows<float> rows = judged_rows<float>(spec, {{}, problem.y, {}, {}}, LossUnits::user);
    rows.features = there.view();
    rows.place = place;
    switch (reader) {
        case 0:
            return {static_cast<double>(device_memory::first_not_finite(there.view(), place))};
        case 1:
            device_memory::download(out.data(), there.y.data(), problem.rows, {0, there.y.stream()});
            break;
        case 2: {
            std::vector<double> values;
            device_memory::visit_blocks(there.view(), place, [&](MatrixView<const float> x) {
                for (std::int64_t r = 0; r < x.rows; ++r) values.insert(values.end(), x.row(r), x.row(r) + x.columns);
            });
            return values;
        }
        case 3:
            score_on_card(task, std::span(out).first(static_cast<std::size_t>(problem.rows)));
            break;
        case 4:
            return {judge_on_cuda(task, rows, 0).loss};
        default: {
            Case<float> c(CaseShape{.rows = problem.rows, .columns = 3, .batch = 8, .steps = 3});
            c.problem.features = there.view();
            c.problem.place = place;
            const auto backend = make_cuda_backend(c.problem, {});
            backend->set_state(c.start);
            backend->run(c.segment());
            const auto state = backend->get_state();
            return {state.parameters.begin(), state.parameters.end()};
        }
    }
    return {out.begin(), out.end()};
}

TEST_F(RunFault, EveryReaderWaitsByItself) {
    const RandomProblem<float> problem(40, 3, 2, 4);
    for (int reader = 0; reader < 6; ++reader) {
        emulation::reset();
        const std::vector<double> expected = read_with(reader, problem, false);
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            emulation::reset();
            emulation::set_seed(seed);
            EXPECT_EQ(read_with(reader, problem, true), expected) << "reader " << reader << ", seed " << seed;
        }
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

/// Scores that a call has left on their way when it failed would be written where the next one's results end.
TEST_F(RunFault, OfAScoreDoesNotReachTheNextOne) {
    const Case<float> c(CaseShape{.rows = 40, .columns = 3, .batch = 8, .steps = 1});
    std::vector<float> wanted(40);
    c.backend(1)->score(c.problem.features, c.start.parameters.data(), wanted);
    const auto backend = cuda::make_cuda_backend_with(c.problem, {}, {.staging_bytes = 100});
    std::int64_t failures = 0;
    for (std::int64_t n = 1; n <= 30; n += 3) {
        std::vector<float> all(40), first(1);
        emulation::fail_call(n);
        failures += error_of([&] { backend->score(c.problem.features, c.start.parameters.data(), all); }) ? 1 : 0;
        emulation::fail_call(1000000);
        const MatrixView<const float> one(c.problem.features.row(0), 1, 3);
        backend->score(one, c.start.parameters.data(), first);
        EXPECT_EQ(first[0], wanted[0]) << "call " << n;
    }
    EXPECT_GT(failures, 5);
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
