// SPDX-License-Identifier: Apache-2.0
// Metrics taken on the card: the bits that the host's own metrics have.
#include <gtest/gtest.h>

#include <cmath>

#include "glissade/error.hpp"
#include "glissade/random.hpp"
#include "host/cuda/judge.hpp"
#include "host/execution/backend.hpp"
#include "host/train/score_metrics.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/judged_run.hpp"
#include "tests/kernels/on_device.hpp"

namespace glissade::testing {
namespace {

class CudaJudge : public CudaTest {};

/// Rows of a model of small whole parameters, so that scores tie.
struct JudgeCase {
    JudgeCase(const Loss& loss, std::int64_t rows, std::int64_t outputs, bool weighted, bool multi_label = false) {
        spec.multi_label = multi_label;
        spec.features = 3;
        spec.outputs = outputs;
        spec.loss = loss;
        const auto draw = [&](std::uint64_t stream, std::int64_t i) { return Philox::uniform(7, stream, static_cast<std::uint64_t>(i)); };
        for (std::int64_t i = 0; i < rows * 3; ++i) x.push_back(static_cast<float>(std::floor(4 * draw(1, i)) - 2));
        const bool regression = loss.kind() == LossKind::regression;
        for (std::int64_t i = 0; i < rows * spec.target_count(); ++i) {
            const double classes = multi_label ? 2 : static_cast<double>(spec.class_count());
            y.push_back(static_cast<float>(regression ? .25 + 2 * draw(2, i) : std::floor(classes * draw(2, i))));
        }
        for (std::int64_t r = 0; r < rows && weighted; ++r) w.push_back(r % 7 == 0 ? 0.0F : static_cast<float>(draw(3, r)));
        for (std::int64_t p = 0; p < spec.parameter_count(); ++p)
            parameters.push_back(static_cast<float>(std::floor(6 * draw(4, p)) - 3) / 4);
        if (regression) scale.assign(static_cast<std::size_t>(outputs), 1.7);
    }
    MatrixView<const float> view() const { return {x.data(), static_cast<std::int64_t>(x.size()) / 3, 3}; }
    ScoreTask<float> task() const {
        ScoreTask<float> out;
        out.x = view();
        out.parameters = parameters.data();
        out.outputs = spec.outputs;
        return out;
    }
    JudgedRows<float> rows() const {
        JudgedRows<float> out = judged_rows<float>(spec, {{}, y, w, scale}, LossUnits::user);
        out.features = view();
        return out;
    }
    Metrics on_host() const {
        std::vector<float> scores(static_cast<std::size_t>(view().rows * spec.outputs));
        score_on_cpu(task(), 1, std::span<float>(scores));
        return score_metrics<float>(spec, {scores, y, w, scale}, LossUnits::user);
    }
    Metrics with(const JudgedSums& sums) const { return metrics_of(spec, view().rows, judged_totals(rows()), sums); }

    ModelSpec spec;
    std::vector<float> x, y, w, parameters;
    std::vector<double> scale;
};

TEST_F(CudaJudge, GivesTheHostsBitsForEveryLoss) {
    int n = 0;
    for (const auto name : Loss::names()) {
        const Loss loss{std::string(name)};
        const std::vector<std::int64_t> outputs =
            loss.kind() == LossKind::grouped ? std::vector<std::int64_t>{3} : std::vector<std::int64_t>{1, 3};
        for (const std::int64_t o : outputs) {
            const JudgeCase c(loss, 60, o, n++ % 2 == 0);
            const std::vector<CardSetting> all = cards();
            use(all[static_cast<std::size_t>(n) % all.size()]);
            EXPECT_EQ(c.with(judge_on_cuda(c.task(), c.rows(), 0)).list(), c.on_host().list()) << name << ", " << o << " outputs";
        }
    }
}

TEST_F(CudaJudge, GivesTheHostsBitsForSeveralLabelsARow) {
    for (const auto name : Loss::names()) {
        const Loss loss{std::string(name)};
        if (loss.kind() != LossKind::binary) continue;
        for (const std::int64_t rows : {60, 300}) {
            const JudgeCase c(loss, rows, 3, rows == 300, true);
            const Metrics found = c.with(judge_on_cuda(c.task(), c.rows(), 0));
            EXPECT_EQ(found.list(), c.on_host().list()) << name << ", " << rows << " rows";
            EXPECT_GT(*found.label_accuracy, *found.accuracy);
        }
    }
}

TEST_F(CudaJudge, GivesTheHostsBitsForEverySize) {
    // A fold has 256 rows, two rounds of it 65536; the sums of 65536 + 256 rows take three.
    for (const std::int64_t rows : {1, 31, 32, 33, 255, 256, 257, 511, 512, 513}) {
        const JudgeCase c("logistic", rows, 1, rows % 2 == 0);
        EXPECT_EQ(c.with(judge_on_cuda(c.task(), c.rows(), 0)).list(), c.on_host().list()) << rows << " rows";
    }
}

TEST_F(CudaJudge, KeepsRowsStreamsThemOrReadsThemWhereTheyLie) {
    const JudgeCase c("logistic", 600, 1, true);
    const auto expected = c.on_host().list();
    const OnDevice there(c.x);
    for (const bool keep : {false, true})
        for (const bool on_device : {false, true})
            for (const std::int64_t chunk : {70, 256, 600}) {
                JudgedRows<float> rows = c.rows();
                if (on_device) {
                    rows.features.data = there.data();
                    rows.place = DevicePlace{0, there.stream()};
                }
                const cuda::Stream stream;
                cuda::Scorer::Shape shape = cuda::scorer_shape({c.view().columns, 1}, c.view().rows, 2);
                shape.chunk_rows = chunk;
                cuda::Scorer scorer(shape, {}, stream);
                cuda::Judge judge(rows, scorer, keep);
                if (keep) (void)judge.judge(std::vector<float>(4, 1.0F).data());  // another model first
                EXPECT_EQ(c.with(judge.judge(c.parameters.data())).list(), expected) << keep << on_device << ", chunk " << chunk;
            }
}

TEST_F(CudaJudge, CountsPairsExactly) {
    const JudgeCase c("logistic", 400, 1, false);
    std::vector<float> scores(400);
    score_on_cpu(c.task(), 1, std::span<float>(scores));
    double wins = 0, pairs = 0;
    for (std::size_t p = 0; p < 400; ++p)
        for (std::size_t n = 0; n < 400; ++n) {
            if (c.y[p] != 1 || c.y[n] != 0) continue;
            wins += scores[p] > scores[n] ? 1 : (scores[p] == scores[n] ? .5 : 0);
            pairs += 1;
        }
    EXPECT_EQ(*c.with(judge_on_cuda(c.task(), c.rows(), 0)).auc, wins / pairs);
}

/// Everything that a run says of its epochs, but when.
void expect_same_history(const Run& a, const Run& b) {
    ASSERT_EQ(a.history.size(), b.history.size());
    for (std::size_t e = 0; e < a.history.size(); ++e) {
        EXPECT_EQ(a.history[e].loss, b.history[e].loss);
        ASSERT_TRUE(a.history[e].validation && b.history[e].validation);
        EXPECT_EQ(a.history[e].validation->list(), b.history[e].validation->list()) << "epoch " << e + 1;
    }
    EXPECT_EQ(a.model.parameters, b.model.parameters);
    EXPECT_EQ(a.best_epoch, b.best_epoch);
    EXPECT_EQ(a.stop, b.stop);
}

TEST_F(CudaJudge, ValidatesARunAsTheCpuDoes) {
    const RandomProblem<float> problem(80, 6, 2, 3), held_out(300, 6, 2, 4);
    for (const char* optimizer : {"adam", "lbfgs"}) {
        TrainOptions options;
        options.loss = "logistic";
        options.epochs = 4;
        options.batch_size = full_batch;
        options.schedule = "constant";
        options.optimizer = Optimizer::named(optimizer);
        options.standardize = true;
        options.validation = held_out.dataset(true);
        options.device = "cpu";
        const auto cpu = train(problem.dataset(), options);
        options.device = "cuda";
        const auto cuda = train(problem.dataset(), options);
        expect_same_history(cuda, cpu);
        EXPECT_NE(cuda.plan.find("for validation, whose rows stay on the card"), std::string::npos) << cuda.plan;
        const DeviceProblem there(held_out, 1);
        options.validation = there.dataset(true);
        expect_same_history(train(problem.dataset(), options), cpu);
        expect_same_history(train(DeviceProblem(problem).dataset(), options), cpu);
    }
}

TEST_F(CudaJudge, StreamsValidationRowsThatDoNotFitTheBudget) {
    const RandomProblem<float> problem(80, 40, 2, 3), held_out(1500, 40, 2, 4);
    TrainOptions options;
    options.loss = "logistic";
    options.epochs = 1;
    options.validation = held_out.dataset();
    options.device = "cuda";
    const auto kept = train(problem.dataset(), options);
    options.device_memory_limit_bytes = limit_without_held_out_rows(problem.dataset(), options);
    ASSERT_GT(options.device_memory_limit_bytes, 0);
    const auto streamed = train(problem.dataset(), options);
    EXPECT_NE(streamed.plan.find("do not fit and come again"), std::string::npos) << streamed.plan;
    expect_same_history(streamed, kept);
}

TEST_F(CudaJudge, OfRowsOnADeviceIsNotForTheCpu) {
    const RandomProblem<float> problem(80, 6, 2, 3);
    const DeviceProblem there(problem);
    TrainOptions options;
    options.device = "cpu";
    options.validation = there.dataset();
    const auto error = error_of([&] { train(problem.dataset(), options); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device);
    EXPECT_NE(std::string(error->what()).find("the validation rows are in the memory of CUDA device 0, but the run is on the CPU"),
              std::string::npos)
        << error->what();
}

}  // namespace
}  // namespace glissade::testing
