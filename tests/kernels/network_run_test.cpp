// SPDX-License-Identifier: Apache-2.0
// Whole runs of networks on a card: resume, the other backend's checkpoints, rows that are there, metrics.
#include <gtest/gtest.h>

#include <vector>

#include "host/execution/backend.hpp"
#include "host/train/score_metrics.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/kernels/on_device.hpp"
#include "tests/kernels/score_on_card.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/interrupted.hpp"
#include "tests/unit/train/network_run.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkRun : public CudaTest {};

/// More layers than a segment kernel takes: a graph of launches.
TrainOptions network_on_cuda() {
    TrainOptions options;
    options.loss = "softmax";
    options.hidden.assign(8, 4);
    options.optimizer = Adam{.lr = 1e-2};
    options.batch_size = 16;
    options.epochs = 2;
    options.dropout = .25;
    options.label_smoothing = .125;
    options.average.kind = AverageKind::exponential;
    options.average.decay = .9;
    options.device = "cuda";
    return options;
}

TEST_F(CudaNetworkRun, ResumeIsExactInTheMiddleOfAnEpochWithDropout) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const auto whole = train(problem.dataset(), network_on_cuda());
    EXPECT_NE(whole.plan.find("a graph of 48 launches a step"), std::string::npos) << whole.plan;
    const test::ScratchDirectory directory;
    for (const std::int64_t cut : {1, 3, 4}) {
        const auto resumed = interrupted(problem.dataset(), network_on_cuda(), directory.path() + "/run", cut);
        EXPECT_EQ(whole.model.parameters, resumed.model.parameters) << "cut after " << cut;
    }
}

/// The first epoch on one backend, the second on the other: within the bound of the reference's run.
TEST_F(CudaNetworkRun, CheckpointsGoOnOnTheOtherBackend) {
    for (const bool begins_on_cuda : {false, true}) {
        NetworkRun run("softmax", 40, 5, std::vector<std::int64_t>(8, 4));
        const std::string first = begins_on_cuda ? "cuda" : "cpu", second = begins_on_cuda ? "cpu" : "cuda";
        const test::ScratchDirectory directory;
        run.options.checkpoint.directory = directory.path() + "/run";
        run.options.checkpoint.every_steps = 1000;  // only the save at the stop counts
        run.options.segment_steps = 1;
        run.options.on_segment = [](const Progress& progress) { return progress.step >= 3 ? Control::stop : Control::go_on; };
        run.options.device = first;
        const auto stopped = run.train_as<float>();
        run.options.on_segment = nullptr;
        run.options.device = second;
        const auto resumed = resume(run.dataset<float>(), run.options.checkpoint.directory, run.options);
        const auto truth = reference::train(run.problem, run.settings, run.steps(), run.start);
        const double bound =
            reference::error_bounds(run.problem, run.settings, run.steps(), run.start, reference::float32_unit).parameters.back();
        ASSERT_EQ(resumed.model.parameters.size(), truth.parameters.back().size());
        EXPECT_NE(resumed.model.parameters, stopped.model.parameters);
        for (std::size_t j = 0; j < truth.parameters.back().size(); ++j)
            EXPECT_NEAR(resumed.model.parameters[j], truth.parameters.back()[j], bound) << "from " << first << ", parameter " << j;
    }
}

TEST_F(CudaNetworkRun, TakesRowsThatAreOnTheCard) {
    const RandomProblem<float> problem(40, 5, 3, 4);
    const Model from_host = train(problem.dataset(true), network_on_cuda()).model;
    const DeviceProblem there(problem, 2);
    const Model from_card = train(there.dataset(true), network_on_cuda()).model;
    EXPECT_EQ(from_card.parameters, from_host.parameters);
    std::vector<float> of_host(40), of_card(of_host.size());
    from_host.predict(problem.view(), of_host, {.device = "cuda"});
    from_host.predict(there.dataset(), of_card, {.device = "cuda"});
    EXPECT_EQ(of_card, of_host);
}

TEST_F(CudaNetworkRun, MetricsAreThoseOfItsScores) {
    for (const char* name : {"softmax", "squared"}) {
        ModelSpec spec;
        spec.features = 3;
        spec.hidden = {5};
        spec.loss = Loss(name);
        spec.outputs = 3;
        const bool regression = spec.loss.kind() == LossKind::regression;
        const RandomProblem<float> problem(300, 3, 3, 4);
        std::vector<float> y = problem.y, parameters;
        if (regression) y.assign(problem.x.begin(), problem.x.end());
        for (std::int64_t p = 0; p < spec.parameter_count(); ++p)
            parameters.push_back(static_cast<float>(Philox::uniform(7, 4, static_cast<std::uint64_t>(p)) - .5));
        const std::vector<double> scale = regression ? std::vector<double>(3, 1.5) : std::vector<double>{};
        ScoreTask<float> task;
        task.x = problem.view();
        task.parameters = parameters.data();
        task.outputs = 3;
        task.hidden.widths = spec.hidden;
        task.hidden.activation = spec.activation.index();
        JudgedRows<float> rows = judged_rows<float>(spec, {{}, y, {}, scale}, LossUnits::user);
        rows.features = problem.view();
        std::vector<float> scores(900);
        score_on_card(task, scores);
        const Metrics wanted = score_metrics<float>(spec, {scores, y, {}, scale}, LossUnits::user);
        EXPECT_EQ(metrics_of(spec, 300, judged_totals(rows), judge_on_cuda(task, rows, 0)).list(), wanted.list()) << name;
    }
}

TEST_F(CudaNetworkRun, ValidatesWhereTheRowsAre) {
    const RandomProblem<float> problem(40, 5, 3, 4), held_out(30, 5, 3, 5);
    TrainOptions options = network_on_cuda();
    options.epochs = 1;
    options.validation = held_out.dataset();
    const auto run = train(problem.dataset(), options);
    ASSERT_TRUE(run.history.back().validation);
    EXPECT_EQ(run.model.evaluate(held_out.dataset(), {.device = "cuda"}).list(), run.history.back().validation->list());
}

}  // namespace
}  // namespace glissade::testing
