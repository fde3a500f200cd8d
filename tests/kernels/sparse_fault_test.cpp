// SPDX-License-Identifier: Apache-2.0
// What a run on sparse rows does when something fails, and what it takes. Only the emulation can make it fail.
#include <gtest/gtest.h>

#include <algorithm>

#include "glissade/error.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/score_on_card.hpp"
#include "tests/kernels/sparse_compare.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaSparseFault : public CudaTest {};

SparseTrial small_trial() {
    SparseTrial trial{"small", Sgd{.lr = .1}};
    trial.rows = 20;
    trial.columns = 12;
    trial.scaled = true;
    trial.l2 = 9.5;  // every other step runs over all parameters
    trial.clip_norm = .5;
    trial.epochs = 2;
    return trial;
}
SparsePlacement small_sparse_placement() {
    SparsePlacement p{cards().front(), {}};
    p.wishes.threads = 32;
    p.wishes.table_steps = 2;
    p.wishes.staging_bytes = 200;
    return p;
}

/// The case's problem, to be judged by its own rows.
Problem<float> judged_problem(const SparseCase<float>& c) {
    Problem<float> problem = c.problem;
    JudgedRows<float>& rows = problem.held_out;
    rows.features = c.problem.features;
    rows.sparse = c.problem.sparse;
    rows.targets = c.targets.data();
    rows.loss = c.problem.loss;
    rows.loss_factors = {1};
    rows.ranks = true;
    return problem;
}

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
        const std::int64_t made = emulation::count_calls("cudaLaunchKernelEx");
        backend->set_state(c.start);
        EXPECT_TRUE(equal_states(backend->get_state(), c.start)) << "the step changes nothing";
        backend->run(c.part(0, 1));
        ASSERT_EQ(emulation::count_calls("cudaGraphInstantiate"), 1);
        const std::int64_t of_the_graph = emulation::count_calls("cudaLaunchKernelEx") - made - 1;  // one ends a table
        EXPECT_EQ(of_the_graph, over_all ? made : made - 1) << "the first step is one over all parameters";
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

TEST_F(CudaSparseFault, TheBudgetIsWhatIsTakenAndSegmentsTakeNothing) {
    for (const double clip : {0.0, .5, -1.0})  // below 0: gradients by atomics
        for (const bool several : {false, true}) {
            SparseTrial trial = small_trial();
            trial.clip_norm = std::max(clip, 0.0);
            trial.weighted = several;
            if (several) trial.rates = {.05};
            const SparseCase<float> c(trial);
            const SparsePlacement p = small_sparse_placement();
            use(p.card);
            Problem<float> problem = several ? judged_problem(c) : c.problem;
            problem.nondeterministic = clip < 0;
            const auto backend = cuda::make_sparse_backend_with(problem, {}, p.wishes);
            ASSERT_EQ(backend->plan().by_atomics, clip < 0);
            backend->set_state(c.start);
            EXPECT_EQ(static_cast<std::int64_t>(emulation::device_bytes_in_use()), backend->plan().budget.total());
            const auto allocations = [] { return emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc"); };
            const std::int64_t before = allocations();
            backend->run(c.part(0, 4));
            backend->run(c.part(4, 2));
            backend->start(c.part(0, 2));
            (void)backend->get_state();
            JudgedSums sums;
            EXPECT_EQ(backend->judge(c.start.parameters.data(), sums), several);
            backend->wait();
            EXPECT_EQ(allocations(), before);
            EXPECT_EQ(emulation::count_calls("cudaDeviceSynchronize"), 0);
        }
}

TEST_F(CudaSparseFault, ABudgetThatDoesNotFitIsRefusedWithFiguresBeforeAnythingIsTaken) {
    const SparseCase<float> c(small_trial());
    use(cards().front());
    const std::int64_t before = emulation::count_calls("cudaMalloc");
    const auto error = error_of([&] { make_cuda_backend(c.problem, {.memory_limit_bytes = 900}); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::memory);
    EXPECT_NE(std::string(error->what()).find("for the rows"), std::string::npos) << error->what();
    EXPECT_EQ(emulation::count_calls("cudaMalloc"), before);
    EXPECT_NE(cuda_refusal(c.problem, {.memory_limit_bytes = 900}).find("900 bytes are allowed"), std::string::npos);
    EXPECT_EQ(cuda_refusal(c.problem, {}), "");
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
    EXPECT_EQ(emulation::count_calls("cudaGraphInstantiate"), 1);
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
