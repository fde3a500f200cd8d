// SPDX-License-Identifier: Apache-2.0
// Metrics of sparse rows taken on the card: the bits that the host's own metrics have.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/cuda/judge.hpp"
#include "host/train/score_metrics.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/judged_run.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaSparseJudge : public CudaTest {};

/// A model of the problem's rows after one epoch on the CPU.
Model sparse_model(const SparseProblem<float>& problem, const Loss& loss) {
    TrainOptions options;
    options.loss = loss;
    options.epochs = 1;
    options.device = "cpu";
    return train(problem.dataset(), options).model;
}

int classes_of(const Loss& loss) {
    return loss.kind() == LossKind::regression ? 0 : (loss.kind() == LossKind::grouped ? 3 : 2);
}

/// Rows with targets that every loss takes.
SparseProblem<float> rows_for(const Loss& loss, std::int64_t rows, std::uint64_t seed) {
    SparseProblem<float> problem(rows, 9, classes_of(loss), seed);
    if (loss.kind() == LossKind::regression)
        for (float& y : problem.dense.y) y = .25F + std::abs(y);
    return problem;
}

TEST_F(CudaSparseJudge, EvaluatesWithTheHostsBitsForEveryLoss) {
    int n = 0;
    for (const auto name : Loss::names()) {
        const Loss loss{std::string(name)};
        const SparseProblem<float> problem = rows_for(loss, 40, 3), held_out = rows_for(loss, 60, 4);
        const Model model = sparse_model(problem, loss);
        const Dataset data = held_out.dataset(n % 2 == 0);
        const auto expected = model.evaluate(data, {.device = "cpu"}).list();
        use(cards()[static_cast<std::size_t>(n++) % cards().size()]);
        EXPECT_EQ(model.evaluate(data, {.device = "cuda"}).list(), expected) << name;
    }
}

TEST_F(CudaSparseJudge, EvaluatesWithTheHostsBitsForEverySize) {
    const SparseProblem<float> problem(40, 9, 2, 3);
    const Model model = sparse_model(problem, "logistic");
    for (const std::int64_t rows : {1, 31, 255, 256, 257, 513}) {
        const SparseProblem<float> held_out(rows, 9, 2, 5);
        EXPECT_EQ(model.evaluate(held_out.dataset(), {.device = "cuda"}).list(),
                  model.evaluate(held_out.dataset(), {.device = "cpu"}).list())
            << rows << " rows";
    }
}

TEST_F(CudaSparseJudge, KeepsRowsOrBringsThemInTrips) {
    for (const std::string loss : {"logistic", "softmax"}) {
        const SparseProblem<float> problem = rows_for(loss, 40, 3), held_out = rows_for(loss, 601, 4);
        const Model model = sparse_model(problem, loss);
        const std::vector<float> parameters(model.parameters.begin(), model.parameters.end());
        const std::int64_t outputs = model.spec.outputs;
        const SparseView<const float> part = held_out.view().part(1, 600);  // offsets begin above 0
        const std::span<const float> targets(held_out.dense.y.data() + 1, 600);
        JudgedRows<float> rows = judged_rows<float>(model.spec, {{}, targets, {}, {}}, LossUnits::user);
        rows.features = {nullptr, 600, 9, 0};
        rows.sparse = part;
        std::vector<float> scores(static_cast<std::size_t>(600 * outputs));
        ScoreTask<float> task;
        task.sparse = part;
        task.parameters = parameters.data();
        task.outputs = outputs;
        score_on_cpu(task, 1, std::span<float>(scores));
        const JudgedSums expected = judge_scores<float>(rows, scores, outputs);
        for (const bool keep : {false, true})
            for (const std::int64_t staging : {600, 40000}) {
                cuda::SparseWishes wishes;
                wishes.staging_bytes = staging;
                const cuda::SparseScoreShape shape = cuda::SparseScoreShape::of(9, outputs, true, 2, wishes);
                const cuda::Stream stream;
                cuda::SparseScorer scorer(shape, nullptr, stream);
                const cuda::JudgeShape judge_shape{outputs, keep ? 0 : shape.chunk_rows, 2};
                cuda::Judge judge(rows, std::make_unique<cuda::SparseHeldOut>(rows, scorer, keep), judge_shape, stream);
                if (keep) (void)judge.judge(std::vector<float>(parameters.size(), 1.0F).data());  // another model first
                const JudgedSums found = judge.judge(parameters.data());
                EXPECT_EQ(found.loss, expected.loss) << loss << ", " << keep << ", staging " << staging;
                EXPECT_EQ(found.correct, expected.correct) << loss << ", " << keep << ", staging " << staging;
                EXPECT_EQ(found.wins, expected.wins) << loss << ", " << keep << ", staging " << staging;
            }
    }
}

/// Everything that a run says of its epochs, but when.
void expect_same_epochs(const Run& a, const Run& b) {
    ASSERT_EQ(a.history.size(), b.history.size());
    for (std::size_t e = 0; e < a.history.size(); ++e) {
        EXPECT_EQ(a.history[e].loss, b.history[e].loss);
        ASSERT_TRUE(a.history[e].validation && b.history[e].validation);
        EXPECT_EQ(a.history[e].validation->list(), b.history[e].validation->list()) << "epoch " << e + 1;
    }
    EXPECT_EQ(a.model.parameters, b.model.parameters);
    EXPECT_EQ(a.best_epoch, b.best_epoch);
}

TEST_F(CudaSparseJudge, ValidatesARunAsTheCpuDoes) {
    const SparseProblem<float> problem(80, 20, 2, 3), held_out(300, 20, 2, 4);
    for (const char* optimizer : {"adam", "ftrl", "lbfgs"}) {
        TrainOptions options;
        options.loss = "logistic";
        options.epochs = 3;
        options.batch_size = full_batch;
        options.schedule = "constant";
        options.optimizer = Optimizer::named(optimizer);
        options.standardize = true;
        options.validation = held_out.dataset(true);
        options.device = "cpu";
        const auto cpu = train(problem.dataset(), options);
        options.device = "cuda";
        const auto cuda = train(problem.dataset(), options);
        expect_same_epochs(cuda, cpu);
        EXPECT_NE(cuda.plan.find("for validation, whose rows stay on the card"), std::string::npos) << cuda.plan;
    }
}

TEST_F(CudaSparseJudge, BringsValidationRowsThatDoNotFitTheBudget) {
    const SparseProblem<float> problem(80, 40, 2, 3), held_out(1500, 40, 2, 4);
    TrainOptions options;
    options.loss = "logistic";
    options.epochs = 1;
    options.validation = held_out.dataset();
    options.device = "cuda";
    const auto kept = train(problem.dataset(), options);
    ASSERT_GT(held_out.view().nonzeros() * 8, 120000);
    options.device_memory_limit_bytes = limit_without_held_out_rows(problem.dataset(), options);
    ASSERT_GT(options.device_memory_limit_bytes, 0);
    const auto brought = train(problem.dataset(), options);
    EXPECT_NE(brought.plan.find("do not fit and come again"), std::string::npos) << brought.plan;
    expect_same_epochs(brought, kept);
}

}  // namespace
}  // namespace glissade::testing
