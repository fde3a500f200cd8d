// SPDX-License-Identifier: Apache-2.0
// Cross-validation in one pass: each model of a fold is the model that its own run gives where the fold's rows weigh 0.
#include "host/train/folds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "problems.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::RandomProblem;

constexpr std::int64_t some_folds = 3;

TrainOptions with_folds(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.batch_size = 16;
    options.epochs = 3;
    options.device = "cpu";
    options.threads = 2;
    options.seed = 7;
    options.folds = some_folds;
    return options;
}

std::vector<std::int64_t> counts_of(const std::vector<std::int32_t>& folds, const std::vector<float>& targets, float target,
                                    std::int64_t count) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(count));
    for (std::size_t r = 0; r < folds.size(); ++r)
        if (target < 0 || targets[r] == target) ++counts.at(static_cast<std::size_t>(folds[r]));
    return counts;
}

TEST(Folds, HaveTheirShareOfTheRowsAndOfEveryClass) {
    for (const std::int64_t rows : {5, 31, 100, 333}) {
        const RandomProblem<float> problem(rows, 2, 4, 3);
        for (const std::int64_t count : {2, 3, 5}) {
            const auto folds = assign_folds(problem.dataset(), Task::classification, count, 11);
            for (const float target : {-1.0F, 0.0F, 1.0F, 2.0F, 3.0F}) {
                const auto counts = counts_of(folds, problem.y, target, count);
                const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
                EXPECT_LE(*most - *least, 1) << rows << " rows, " << count << " folds, target " << target;
            }
        }
    }
}

TEST(Folds, AreDrawnBySeed) {
    const RandomProblem<float> problem(200, 2, 0, 3);
    const auto one = assign_folds(problem.dataset(), Task::regression, 5, 1);
    EXPECT_EQ(one, assign_folds(problem.dataset(), Task::regression, 5, 1));
    EXPECT_NE(one, assign_folds(problem.dataset(), Task::regression, 5, 2));
}

TEST(FoldSummary, IsMeanAndDeviationOfWhatEveryFoldHas) {
    std::vector<Metrics> folds(2);
    folds[0].loss = 1;
    folds[1].loss = 4;
    folds[0].auc = .5;  // a fold without a second class has none
    folds[0].accuracy = folds[1].accuracy = .75;
    const auto summary = summary_of(folds);
    ASSERT_EQ(summary.size(), 2U);
    EXPECT_EQ(summary[0].name, "loss");
    EXPECT_EQ(summary[0].mean, 2.5);
    EXPECT_EQ(summary[0].deviation, 1.5);
    EXPECT_EQ(summary[1].name, "accuracy");
    EXPECT_EQ(summary[1].deviation, 0);
}

/// What a run of its own gives whose rows of `fold` weigh 0, and how it does on these.
template <class Real>
Run run_without(std::int64_t fold, const RandomProblem<Real>& problem, bool weighted, TrainOptions options, Metrics& held_out) {
    const auto folds = assign_folds(problem.dataset(), options.loss.name() == "squared" ? Task::regression : Task::classification,
                                    options.folds, options.seed);
    std::vector<Real> weights = weighted ? problem.weights : std::vector<Real>(problem.y.size(), Real(1));
    std::vector<std::int64_t> rows;
    for (std::size_t r = 0; r < folds.size(); ++r) {
        if (folds[r] != fold) continue;
        weights[r] = 0;
        rows.push_back(static_cast<std::int64_t>(r));
    }
    options.folds = 0;
    const Run run = train(Dataset::borrow(problem.view(), problem.y, weights), options);
    held_out = run.model.evaluate(problem.dataset(weighted).select(rows));
    return run;
}

template <class Real>
void expect_each_as_on_its_own(const char* loss, int classes, bool weighted, const TrainOptions& options) {
    const RandomProblem<Real> problem(141, 5, classes, 21);
    const Run together = train(problem.dataset(weighted), options);
    ASSERT_EQ(together.members.size(), std::max<std::size_t>(1, options.members.size()));
    for (std::size_t m = 0; m < together.members.size(); ++m) {
        TrainOptions alone = options;
        alone.members = {together.members[m].member};
        ASSERT_EQ(together.members[m].folds.size(), static_cast<std::size_t>(some_folds));
        for (std::int64_t fold = 0; fold < some_folds; ++fold) {
            Metrics wanted;
            run_without(fold, problem, weighted, alone, wanted);
            const Metrics& got = together.members[m].folds[static_cast<std::size_t>(fold)];
            EXPECT_EQ(got.rows, wanted.rows) << loss;
            EXPECT_EQ(got.list(), wanted.list()) << loss << ", member " << m << ", fold " << fold << (weighted ? ", weighted" : "");
        }
        alone.folds = 0;
        EXPECT_EQ(together.members[m].model.parameters, train(problem.dataset(weighted), alone).model.parameters)
            << loss << ": the model of all rows is that of a run without folds";
    }
}

TEST(CrossValidation, GivesEachFoldTheModelOfARunWithoutItsRows) {
    for (const bool weighted : {false, true}) {
        expect_each_as_on_its_own<float>("logistic", 2, weighted, with_folds("logistic"));
        expect_each_as_on_its_own<double>("softmax", 4, weighted, with_folds("softmax"));
        expect_each_as_on_its_own<float>("hinge", 4, weighted, with_folds("hinge"));
        TrainOptions options = with_folds("squared");
        options.optimizer = Sgd{.lr = .05, .momentum = .9};
        options.members = {{options.optimizer, 0, 0, 0}, {Sgd{.lr = .01, .momentum = .5}, 0, .1, 0}};
        options.average.kind = weighted ? AverageKind::mean : AverageKind::none;
        options.standardize = options.standardize_target = true;
        expect_each_as_on_its_own<float>("squared", 0, weighted, options);
    }
}

TEST(CrossValidation, WorksForBatchesOfOneRow) {
    TrainOptions options = with_folds("logistic");
    options.batch_size = 1;
    options.epochs = 1;
    expect_each_as_on_its_own<float>("logistic", 2, true, options);
}

TEST(CrossValidation, IsTheSameForAnyThreadsAndSegments) {
    const RandomProblem<float> problem(200, 5, 2, 2);
    TrainOptions options = with_folds("logistic");
    const auto wanted = train(problem.dataset(), options);
    for (const int threads : {1, 3}) {
        options.threads = threads;
        options.segment_steps = threads;
        const auto got = train(problem.dataset(), options);
        EXPECT_EQ(got.model.parameters, wanted.model.parameters);
        for (std::size_t k = 0; k < some_folds; ++k) EXPECT_EQ(got.members[0].folds[k].list(), wanted.members[0].folds[k].list());
    }
}

TEST(CrossValidation, KeepsTheModelOfAllRowsWithTheLowestHeldOutLoss) {
    const RandomProblem<float> problem(300, 4, 2, 9);
    TrainOptions options = with_folds("logistic");
    for (const double lr : {1e-6, .05, 1e-5}) options.members.push_back({Adam{.lr = lr}, 0, 0, 0});
    const auto run = train(problem.dataset(), options);
    ASSERT_EQ(run.members.size(), 3U);
    EXPECT_EQ(run.best_member, 1);
    EXPECT_EQ(run.model.parameters, run.members[1].model.parameters);
    for (const MemberResult& member : run.members) EXPECT_EQ(member.best_loss, summary_of(member.folds)[0].mean);
}

TEST(CrossValidation, PassesOverASettingThatDivergesInAFold) {
    const RandomProblem<float> problem(120, 4, 0, 9);
    TrainOptions options = with_folds("squared");
    options.schedule = "constant";
    options.members = {{Sgd{.lr = 1e30}, 0, 0, 0}, {Sgd{.lr = .01}, 0, 0, 0}};
    const auto run = train(problem.dataset(), options);
    EXPECT_EQ(run.best_member, 1);
    EXPECT_FALSE(run.divergence);
    ASSERT_EQ(run.members[0].folds.size(), static_cast<std::size_t>(some_folds));
    for (const Metrics& fold : run.members[0].folds) EXPECT_TRUE(std::isinf(fold.loss));
    for (const Metrics& fold : run.members[1].folds) EXPECT_TRUE(std::isfinite(fold.loss));
}

TEST(CrossValidation, TellsOfTheModelsOfAllRowsOnly) {
    const RandomProblem<float> problem(120, 4, 2, 9);
    TrainOptions options = with_folds("logistic");
    options.on_segment = [](const Progress& progress) {
        EXPECT_EQ(progress.members, 1);
        EXPECT_EQ(progress.member, 0);
        for (const EpochRecord& epoch : progress.finished_epochs) EXPECT_EQ(epoch.member, 0);
        return Control::go_on;
    };
    EXPECT_EQ(train(problem.dataset(), options).history.size(), 3U);
}

TEST(CrossValidation, GoesOnFromACheckpointBitForBit) {
    const test::ScratchDirectory scratch;
    const std::string directory = scratch.path();
    const RandomProblem<float> problem(150, 4, 2, 9);
    TrainOptions options = with_folds("logistic");
    const auto whole = train(problem.dataset(), options);
    options.checkpoint.directory = directory;
    options.segment_steps = 7;
    options.on_segment = [](const Progress& progress) { return progress.step >= 14 ? Control::stop : Control::go_on; };
    EXPECT_EQ(train(problem.dataset(), options).stop, StopReason::callback);
    options.on_segment = {};
    const auto resumed = resume(problem.dataset(), directory, options);
    EXPECT_EQ(resumed.model.parameters, whole.model.parameters);
    for (std::size_t k = 0; k < some_folds; ++k) EXPECT_EQ(resumed.members[0].folds[k].list(), whole.members[0].folds[k].list());
}

TEST(CrossValidation, IsRefusedWhereItMakesNoSense) {
    const RandomProblem<float> problem(50, 3, 2, 1);
    const auto refusal = [&](const std::function<void(TrainOptions&)>& change, const char* named, ErrorKind kind = ErrorKind::usage) {
        TrainOptions options = with_folds("logistic");
        change(options);
        const auto error = error_of([&] { train(problem.dataset(), options); });
        ASSERT_TRUE(error) << named;
        EXPECT_EQ(error->kind(), kind) << error->what();
        EXPECT_NE(std::string(error->what()).find(named), std::string::npos) << error->what();
    };
    refusal([](TrainOptions& o) { o.folds = -1; }, "folds = -1");
    refusal([](TrainOptions& o) { o.folds = 1; }, "folds = 1");
    refusal([](TrainOptions& o) { o.folds = 51; }, "folds = 51");
    refusal([&](TrainOptions& o) { o.validation = problem.dataset(); }, "folds and a validation set");
    refusal([](TrainOptions& o) { o.members.assign(300, {Adam{}, 0, 0, 0}); }, "1024 models at most");
    refusal([](TrainOptions& o) { o.folds = std::int64_t{1} << 62; }, "1024 models at most");
}

TEST(CrossValidation, WantsWeightInEveryFold) {
    const RandomProblem<float> problem(30, 3, 2, 1);
    std::vector<float> weights(30, 0.0F);
    weights[4] = weights[5] = 1;
    TrainOptions options = with_folds("logistic");
    options.folds = 5;
    const auto error = error_of([&] { train(Dataset::borrow(problem.view(), problem.y, weights), options); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::data);
    EXPECT_NE(std::string(error->what()).find("use fewer folds"), std::string::npos) << error->what();
}

}  // namespace
}  // namespace glissade
