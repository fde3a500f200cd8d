// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "interrupted.hpp"
#include "problems.hpp"

namespace glissade {
namespace {

using testing::interrupted;
using testing::RandomProblem;

class Resume : public ::testing::Test {
protected:
    const test::ScratchDirectory scratch;
    const std::string directory = scratch.path();
};

TrainOptions options_with(const Optimizer& optimizer) {
    TrainOptions options;
    options.loss = "logistic";
    options.optimizer = optimizer;
    options.batch_size = 10;
    options.epochs = 3;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

void expect_same(const Run& a, const Run& b, const std::string& where) {
    EXPECT_EQ(a.model.parameters, b.model.parameters) << where;
    EXPECT_EQ(a.best_epoch, b.best_epoch) << where;
    ASSERT_EQ(a.history.size(), b.history.size()) << where;
    for (std::size_t e = 0; e < a.history.size(); ++e) {
        EXPECT_EQ(a.history[e].loss, b.history[e].loss) << where;
        EXPECT_EQ(a.history[e].lr, b.history[e].lr) << where;
        if (a.history[e].validation) {
            EXPECT_EQ(a.history[e].validation->loss, b.history[e].validation->loss) << where;
        }
    }
}

TEST_F(Resume, IsExactAtEveryStepForEveryRule) {
    const RandomProblem<float> problem(45, 6, 2, 3), held_out(30, 6, 2, 4);
    for (const std::string_view name : Optimizer::names()) {
        TrainOptions options = options_with(Optimizer::named(name));
        if (options.optimizer.full_batch_only()) {
            options.batch_size = full_batch;
            options.schedule = "constant";
            options.epochs = 15;
        }
        options.validation = held_out.dataset();
        if (name == "sgd") options.average = {.kind = AverageKind::exponential, .decay = .75, .start = 4, .start_unit = ScheduleUnit::step};
        if (name == "lion") options.average.kind = AverageKind::mean;
        const auto whole = train(problem.dataset(true), options);
        for (std::int64_t cut = 1; cut < 15; cut += name == "nadam" || name == "ftrl" ? 1 : 4)
            expect_same(interrupted(problem.dataset(true), options, directory, cut), whole,
                        std::string(name) + ", cut at step " + std::to_string(cut));
    }
}

TEST_F(Resume, IsExactForOneVersusTheRest) {
    const RandomProblem<float> problem(45, 6, 4, 3), held_out(30, 6, 4, 4);
    TrainOptions options = options_with(Adam{});
    options.loss = "hinge";
    options.average.kind = AverageKind::mean;
    options.validation = held_out.dataset();
    const auto whole = train(problem.dataset(true), options);
    ASSERT_TRUE(whole.model.spec.one_vs_rest());
    for (std::int64_t cut = 1; cut < 15; cut += 3)
        expect_same(interrupted(problem.dataset(true), options, directory, cut), whole, "cut at step " + std::to_string(cut));
}

TEST_F(Resume, IsExactForMembersOneOfWhichDiverged) {
    const RandomProblem<double> problem(45, 6, 0, 3);
    TrainOptions options = options_with(NAdam{});
    options.loss = "squared";
    options.members = {{NAdam{.lr = 1e300}, 0, 0, 0}, {NAdam{.lr = .01}, 0, 0, 0}, {NAdam{.lr = .03}, .01, .01, 0}};
    const auto whole = train(problem.dataset(), options);
    ASSERT_TRUE(whole.members[0].divergence.has_value());
    for (const std::int64_t cut : {1, 4, 7, 11}) {
        const auto again = interrupted(problem.dataset(), options, directory, cut);
        expect_same(again, whole, "cut at step " + std::to_string(cut));
        for (std::size_t m = 0; m < 3; ++m) EXPECT_EQ(again.members[m].model.parameters, whole.members[m].model.parameters);
        EXPECT_EQ(again.members[0].divergence->message, whole.members[0].divergence->message);
    }
}

TEST_F(Resume, IsExactForSchedulesThatWatchTheLoss) {
    const RandomProblem<float> problem(45, 6, 2, 3), held_out(30, 6, 2, 4);
    for (const char* schedule : {"plateau:factor=.5,patience=0,threshold=.05",
                                 "warmup:length=2,unit=epoch + plateau:factor=.5,patience=0,cooldown=1,threshold=.05",
                                 "adaptive:patience=1,tol=.1,lowest=.1,divide=4"}) {
        TrainOptions options = options_with(Adam{.lr = .25});
        options.epochs = 12;
        options.schedule = schedule;
        options.members = {{Adam{.lr = 1}, 0, 0, 0}, {Adam{.lr = .25}, 0, 0, 0}};
        if (options.schedule.text()[0] != 'a') options.validation = held_out.dataset();
        const auto whole = train(problem.dataset(), options);
        EXPECT_LT(whole.members[1].history.back().lr, .25 / 3) << schedule << ": this problem does not put it to the test";
        options.segment_steps = 2;
        expect_same(train(problem.dataset(), options), whole, std::string(schedule) + " in other segments");
        for (std::int64_t cut = 1; cut < whole.steps; cut += 2)
            expect_same(interrupted(problem.dataset(), options, directory, cut), whole,
                        std::string(schedule) + ", cut at step " + std::to_string(cut));
    }
}

TEST_F(Resume, FallsBackToTheCheckpointBeforeADamagedOneAndStillEndsEqual) {
    const RandomProblem<float> problem(45, 6, 2, 3);
    TrainOptions options = options_with(Adam{});
    const auto whole = train(problem.dataset(), options);
    options.checkpoint.directory = directory;
    options.checkpoint.every_steps = 2;
    options.segment_steps = 1;
    options.on_segment = [](const Progress& progress) { return progress.step >= 8 ? Control::stop : Control::go_on; };
    train(problem.dataset(), options);
    const std::string newest = newest_checkpoint(directory).path;
    EXPECT_EQ(newest_checkpoint(directory).step, 8);
    std::fstream(newest, std::ios::in | std::ios::out | std::ios::binary).seekp(200).put('\x7f');
    const CheckpointInfo before = newest_checkpoint(directory);
    EXPECT_EQ(before.step, 6);
    EXPECT_NE(before.skipped.find(newest), std::string::npos);
    options.on_segment = nullptr;
    expect_same(resume(problem.dataset(), directory, options), whole, "after the damage");
}

TEST_F(Resume, OfARunThatRanOutOfPatienceChangesNothing) {
    const RandomProblem<float> problem(45, 6, 2, 3), held_out(30, 6, 2, 4);
    TrainOptions options = options_with(Adam{.lr = .5});
    options.schedule = "constant";
    options.epochs = 100;
    options.patience = 2;
    options.validation = held_out.dataset();
    options.members = {{Adam{.lr = .5}, 0, 0, 0}, {Adam{.lr = .1}, 0, 0, 0}};
    options.checkpoint.directory = directory;
    const auto whole = train(problem.dataset(), options);
    ASSERT_EQ(whole.stop, StopReason::patience);
    const auto again = resume(problem.dataset(), directory, options);
    EXPECT_EQ(again.stop, StopReason::patience);
    expect_same(again, whole, "resumed after its end");
}

TEST_F(Resume, RefusesOtherDataAndOtherSettings) {
    const RandomProblem<float> problem(45, 6, 2, 3), other(45, 6, 2, 4);
    TrainOptions options = options_with(Adam{});
    options.checkpoint.directory = directory;
    options.checkpoint.user_data = "the caller's own";
    train(problem.dataset(), options);
    EXPECT_EQ(newest_checkpoint(directory).user_data, "the caller's own");
    EXPECT_THROW(resume(other.dataset(), directory, options), Error);
    options.optimizer = Adam{.lr = .5};
    EXPECT_THROW(resume(problem.dataset(), directory, options), Error);
    EXPECT_THROW(resume(problem.dataset(), directory + "/none", options), Error);
}

TEST_F(Resume, TrainsLongerWhenMoreEpochsAreAskedFor) {
    const RandomProblem<float> problem(45, 6, 2, 3);
    TrainOptions options = options_with(Sgd{.lr = .1, .momentum = .9});
    options.schedule = "constant";
    options.epochs = 5;
    const auto whole = train(problem.dataset(), options);
    options.epochs = 2;
    options.checkpoint.directory = directory;
    train(problem.dataset(), options);
    options.epochs = 5;
    expect_same(resume(problem.dataset(), directory, options), whole, "2 epochs, then to 5");
}

}  // namespace
}  // namespace glissade
