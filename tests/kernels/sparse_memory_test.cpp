// SPDX-License-Identifier: Apache-2.0
// Device memory of runs on sparse rows: all of it is in the budget, and is taken before the first step. Only the emulation counts it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/cuda/judge.hpp"
#include "host/execution/sparse_lengths.hpp"
#include "host/train/score_metrics.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/sparse_small.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaSparseMemory : public CudaTest {};

std::int64_t allocations() {
    return emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc");
}
std::int64_t taken() {
    return static_cast<std::int64_t>(emulation::device_bytes_in_use());
}

TEST_F(CudaSparseMemory, TheBudgetIsWhatIsTakenAndSegmentsTakeNothing) {
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
            EXPECT_EQ(taken(), backend->plan().budget.total());
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

/// They come again for each evaluation, through buffers that hold the longest.
TEST_F(CudaSparseMemory, ValidationRowsThatAreLongerThanABufferAreInTheBudget) {
    const SparseCase<float> c(small_trial());
    const Problem<float> problem = judged_problem(c);
    SparsePlacement p = small_sparse_placement();
    p.wishes.staging_bytes = 40;
    use(p.card);
    ASSERT_GT(longest_row_of(c.problem.sparse), cuda::SparseScoreShape::of(12, 1, true, 2, p.wishes).chunk_entries);
    JudgedSums kept, brought;
    BackendLimits limits;
    {
        const auto backend = cuda::make_sparse_backend_with(problem, {}, p.wishes);
        ASSERT_TRUE(backend->plan().keeps_held_out);
        limits.memory_limit_bytes = backend->plan().budget.total() - 1;
        backend->judge(c.start.parameters.data(), kept);
    }
    const auto backend = cuda::make_sparse_backend_with(problem, limits, p.wishes);
    ASSERT_FALSE(backend->plan().keeps_held_out);
    EXPECT_EQ(taken(), backend->plan().budget.total());
    const std::int64_t before = allocations();
    backend->set_state(c.start);
    backend->run(c.part(0, 3));
    backend->judge(c.start.parameters.data(), brought);
    EXPECT_EQ(allocations(), before);
    EXPECT_EQ(taken(), backend->plan().budget.total());
    EXPECT_EQ(brought.loss, kept.loss);
    EXPECT_EQ(brought.wins, kept.wins);
}

/// A model and a row that is longer than a staging buffer.
struct LongRow {
    static constexpr std::int64_t columns = 600000;
    LongRow() : indices(columns), values(columns, .001F), parameters(columns + 1, .001F) {
        std::iota(indices.begin(), indices.end(), 0);
        task.sparse = {offsets, indices.data(), values.data(), 2, columns};
        task.parameters = parameters.data();
        shape = cuda::SparseScoreShape::of(columns, 1, true, 8, {});
    }
    std::int64_t offsets[3] = {0, 2, columns};
    std::vector<std::uint32_t> indices;
    std::vector<float> values, parameters;
    ScoreTask<float> task;
    cuda::SparseScoreShape shape;  ///< as if rows were short
};

void use_a_card_with(std::int64_t bytes) {
    emulation::Card card = emulation::card("hopper-like");
    card.memory_bytes = static_cast<std::size_t>(bytes);
    emulation::reset();
    emulation::set_card(card);
}

TEST_F(CudaSparseMemory, JudgingLongRowsIsRefusedBeforeAnythingIsTakenOrFits) {
    const LongRow row;
    ModelSpec spec;
    spec.features = LongRow::columns;
    spec.loss = "logistic";
    const std::vector<float> targets = {0, 1};
    JudgedRows<float> rows = judged_rows<float>(spec, {{}, targets, {}, {}}, LossUnits::user);
    rows.features = {nullptr, 2, LongRow::columns, 0};
    rows.sparse = row.task.sparse;
    std::vector<float> scores(2);
    score_on_cpu(row.task, 1, std::span<float>(scores));
    cuda::SparseScoreShape shape = row.shape;
    ASSERT_GT(LongRow::columns - 2, shape.chunk_entries);
    shape.hold(LongRow::columns - 2);
    const std::int64_t needed = shape.bytes() + cuda::judge_work_bytes(rows, {1, shape.chunk_rows, 8});
    use_a_card_with(needed - 1);
    const auto error = error_of([&] { judge_on_cuda(row.task, rows, 0); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::memory);
    EXPECT_EQ(std::string(error->what()).find("evaluation needs"), 0U) << error->what();
    EXPECT_EQ(emulation::count_calls("cudaMalloc"), 0);
    use_a_card_with(needed);
    EXPECT_EQ(judge_on_cuda(row.task, rows, 0).loss, judge_scores<float>(rows, scores, 1).loss);
}

TEST_F(CudaSparseMemory, AScorerOfLongRowsTakesAllThatItNeedsWhenItIsMade) {
    const LongRow row;
    std::vector<float> expected(2), found(2);
    score_on_cpu(row.task, 1, std::span<float>(expected));
    const auto scorer = make_card_scorer(row.task, 0);
    const std::int64_t before = allocations();
    scorer->score(row.task, found);
    EXPECT_EQ(allocations(), before);
    EXPECT_TRUE(equal_bits(found, expected));
}

TEST_F(CudaSparseMemory, ABudgetThatDoesNotFitIsRefusedWithFiguresBeforeAnythingIsTaken) {
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

}  // namespace
}  // namespace glissade::testing
