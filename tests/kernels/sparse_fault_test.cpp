// SPDX-License-Identifier: Apache-2.0
// What a run on sparse rows does when something fails. Only the emulation can make it fail.
#include <gtest/gtest.h>

#include <algorithm>

#include "glissade/error.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/score_on_card.hpp"
#include "tests/kernels/sparse_small.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaSparseFault : public CudaTest {};

void use_everything(const SparseCase<float>& c, const cuda::SparseWishes& wishes) {
    const auto backend = cuda::make_sparse_backend_with(judged_problem(c), {}, wishes);
    backend->set_state(c.start);
    backend->run(c.part(0, 3));
    backend->roll_back();
    backend->start(c.part(0, 2));
    backend->start(c.part(2, 2));
    backend->wait();
    JudgedSums sums;
    EXPECT_TRUE(backend->judge(c.start.parameters.data(), sums));
    backend->discard();
    (void)backend->get_state();
    std::vector<float> scores(20);
    backend->score(c.problem.sparse, c.start.parameters.data(), scores);
    ScoreTask<float> task;
    task.sparse = c.problem.sparse;
    task.affine = c.problem.affine;
    task.parameters = c.start.parameters.data();
    score_on_card(task, scores);
}

std::string failing_call() {
    for (const emulation::Call& call : emulation::call_log())
        if (call.result != cudaSuccess) return call.name;
    return "";
}

TEST_F(CudaSparseFault, LongListOfAnyCallIsATypedErrorAndLeavesNothingBehind) {
    const SparseCase<float> c(small_trial());
    const SparsePlacement p = small_sparse_placement();
    use(p.card);
    use_everything(c, p.wishes);
    const std::int64_t calls = emulation::count_calls();
    ASSERT_GT(calls, 150);  // of which the loop below takes every one
    const std::vector<std::string> harmless = {
        "cudaFree",         "cudaFreeHost",          "cudaStreamDestroy",      "cudaEventDestroy",
        "cudaSetDevice",    "cudaStreamSynchronize", "cudaDeviceGetAttribute", "cudaRuntimeGetVersion",
        "cudaGraphDestroy", "cudaGraphExecDestroy"};
    for (std::int64_t n = 1; n <= calls; ++n) {
        use(p.card);
        emulation::fail_call(n);
        try {
            use_everything(c, p.wishes);
            const std::string name = failing_call();
            EXPECT_NE(std::find(harmless.begin(), harmless.end(), name), harmless.end()) << "call " << n << ", " << name << ", unnoticed";
        } catch (const Error& error) {
            EXPECT_TRUE(error.kind() == ErrorKind::device || error.kind() == ErrorKind::memory) << error.what();
        }
        for (const std::string& fault : take_faults()) ADD_FAILURE() << "call " << n << ": " << fault;
    }
}

/// Code that is loaded by a first launch must not be loaded while a graph is written down.
TEST_F(CudaSparseFault, EveryKernelOfAGraphIsLaunchedOnceBefore) {
    for (const bool over_all : {false, true}) {
        SparseTrial trial = small_trial();
        trial.l2 = 0;
        if (over_all) trial.optimizer = Adam{};
        const SparseCase<float> c(trial);
        const SparsePlacement p = small_sparse_placement();
        use(p.card);
        const auto backend = cuda::make_sparse_backend_with(c.problem, {}, p.wishes);
        std::vector<std::int64_t> launches = {0};  // before the first graph, in it, in the next ...
        for (const emulation::Call& call : emulation::call_log()) {
            if (std::string_view(call.name) == "cudaStreamBeginCapture") launches.push_back(0);
            if (std::string_view(call.name) == "cudaLaunchKernelEx") ++launches.back();
        }
        ASSERT_GT(launches[0], 0);
        EXPECT_EQ(launches, std::vector<std::int64_t>(1 + cuda::SparseCardPlan::stores, launches[0])) << over_all;
        backend->set_state(c.start);
        EXPECT_TRUE(equal_states(backend->get_state(), c.start)) << "the step changes nothing";
    }
}

TEST_F(CudaSparseFault, AGraphThatCannotBeMadeIsFoundBeforeTheFirstStep) {
    const SparseCase<float> c(small_trial());
    const SparsePlacement p = small_sparse_placement();
    use(p.card);
    (void)cuda::make_sparse_backend_with(c.problem, {}, p.wishes);
    std::vector<std::int64_t> calls;
    for (std::size_t n = 0; n < emulation::call_log().size(); ++n)
        if (std::string_view(emulation::call_log()[n].name) == "cudaGraphInstantiate") calls.push_back(static_cast<std::int64_t>(n) + 1);
    ASSERT_EQ(calls.size(), 2U * cuda::SparseCardPlan::stores) << "of the batch's columns and of all";
    for (const std::int64_t n : calls) {
        use(p.card);
        emulation::fail_call(n);
        const auto error = error_of([&] { (void)cuda::make_sparse_backend_with(c.problem, {}, p.wishes); });
        ASSERT_TRUE(error) << "call " << n;
        EXPECT_NE(std::string(error->what()).find("cudaGraphInstantiate"), std::string::npos) << error->what();
    }
}

TEST_F(CudaSparseFault, InASegmentKeepsTheStateBeforeIt) {
    const SparseCase<float> c(small_trial());
    const SparsePlacement p = small_sparse_placement();
    std::int64_t failures = 0;
    for (std::int64_t n = 1; n <= 40; n += 8) {
        const auto backend = sparse_backend(c, p);
        backend->run(c.part(0, 1));
        const TrainingState<float> before = backend->get_state();
        emulation::fail_call(n);
        const auto failed = error_of([&] { backend->run(c.part(1, 4)); });
        emulation::fail_call(1000000);
        if (!failed) continue;
        ++failures;
        EXPECT_TRUE(equal_states(backend->get_state(), before)) << "call " << n;
        backend->run(c.part(1, 4));
        const auto cpu = c.backend(1);
        cpu->run(c.part(0, 5));
        EXPECT_TRUE(equal_states(backend->get_state(), cpu->get_state())) << "call " << n << ", once more";
    }
    EXPECT_GT(failures, 2);
}

/// Also of a segment that is set off behind another.
TEST_F(CudaSparseFault, WhileStampsMoveDownKeepsTheStateBefore) {
    SparseTrial trial = small_trial();
    trial.optimizer = Optimizer::named("rmsprop");
    trial.l2 = 0;
    trial.epochs = 3;
    const SparseCase<float> c(trial);
    SparsePlacement p = small_sparse_placement();
    p.wishes.staging_bytes = 64;  // some columns at a time
    p.wishes.latest_clock = cuda::most_age + 2;
    const auto cpu = c.backend(1);
    cpu->run(c.part(0, 2));
    const TrainingState<float> before = cpu->get_state();
    cpu->run(c.part(2, 2));
    const TrainingState<float> after = cpu->get_state();
    const auto backend = sparse_backend(c, p);
    for (const bool ahead : {false, true}) {
        std::int64_t failures = 0;
        for (std::int64_t n = 2; n <= 40; n += 3) {
            backend->set_state(c.start);
            ahead ? backend->start(c.part(0, 2)) : (void)backend->run(c.part(0, 2));
            emulation::fail_call(n);
            const auto failed = error_of([&] { ahead ? backend->start(c.part(2, 2)) : (void)backend->run(c.part(2, 2)); });
            emulation::fail_call(1000000);
            if (ahead) backend->wait();
            if (!failed) {
                if (ahead) backend->wait();
                continue;
            }
            EXPECT_TRUE(equal_states(backend->get_state(), before)) << "call " << n << ", " << ahead;
            if (failures++ % 3 != 0) continue;
            backend->run(c.part(2, 2));
            EXPECT_TRUE(equal_states(backend->get_state(), after)) << "call " << n << ", " << ahead << ", once more";
        }
        EXPECT_GT(failures, 7) << ahead;
    }
}

TEST_F(CudaSparseFault, StepsAreLaunchedAsGraphs) {
    SparseTrial trial = small_trial();
    trial.l2 = 0;
    const SparseCase<float> c(trial);
    SparsePlacement p = small_sparse_placement();
    p.wishes.table_steps = 100;
    const auto backend = sparse_backend(c, p);
    backend->run(c.part(0, 1));
    const std::int64_t kernels = emulation::count_calls("cudaLaunchKernelEx");
    backend->run(c.part(1, 4));
    EXPECT_EQ(emulation::count_calls("cudaLaunchKernelEx"), kernels + 1);  // what ends a table
    EXPECT_EQ(emulation::count_calls("cudaGraphInstantiate"), cuda::SparseCardPlan::stores) << "all of them before the first step";
    EXPECT_EQ(emulation::count_calls("cudaGraphLaunch"), 5);
}

TEST_F(CudaSparseFault, DescriptionSaysWhatAStepReadsAndTakes) {
    SparseTrial trial = small_trial();
    trial.optimizer = Adam{};
    const SparseCase<float> c(trial);
    const auto backend = sparse_backend(c, small_sparse_placement());
    const std::string text = backend->description();
    for (const char* part :
         {"CUDA device 0", "sparse rows", "bytes a nonzero", "of device memory", "us a step", "reads and writes all parameters"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_GT(backend->predict_step().seconds, backend->predict_step().limit_seconds);
}

}  // namespace
}  // namespace glissade::testing
