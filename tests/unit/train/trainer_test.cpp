// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "problems.hpp"

namespace glissade::trainer_test {
namespace {

using testing::RandomProblem;

TrainOptions quick(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.batch_size = 16;
    options.epochs = 4;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

std::string message_of(const std::function<void()>& f, ErrorKind kind) {
    try {
        f();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
}

TEST(Trainer, ChoosesTheLossFromTheTask) {
    const RandomProblem<float> two(50, 3, 2, 1), three(50, 3, 3, 1), real(50, 3, 0, 1);
    const auto loss_of = [](Dataset data, Task task, std::vector<std::string> labels) {
        data.task = task;
        data.class_labels = std::move(labels);
        TrainOptions options = quick("squared");
        options.loss = Loss();
        return std::string(train(data, options).model.spec.loss.name());
    };
    EXPECT_EQ(loss_of(real.dataset(), Task::regression, {}), "squared");
    EXPECT_EQ(loss_of(two.dataset(), Task::classification, {"no", "yes"}), "logistic");
    EXPECT_EQ(loss_of(three.dataset(), Task::classification, {"a", "b", "c"}), "softmax");
}

TEST(Trainer, GivesTheSameBitsForAnyThreadsAndSegments) {
    const RandomProblem<float> problem(333, 7, 2, 5);
    TrainOptions options = quick("logistic");
    const auto wanted = train(problem.dataset(), options).model.parameters;
    for (const int threads : {1, 3, 8}) {
        for (const std::int64_t steps : {1, 5, 1000}) {
            options.threads = threads;
            options.segment_steps = steps;
            EXPECT_EQ(train(problem.dataset(), options).model.parameters, wanted) << threads << " threads, segments of " << steps;
        }
    }
}

TEST(Trainer, EveryMemberEqualsItsOwnRunBitForBit) {
    const RandomProblem<double> problem(200, 5, 0, 9);
    TrainOptions options = quick("squared");
    options.validation = problem.dataset();
    std::vector<Member> members = {{Adam{.lr = 1e-3}, 0, 0, 0}, {Adam{.lr = 1e-1}, .01, 0, 0}, {Adam{.lr = 1e-2, .beta1 = .5}, 0, .1, 0}};
    options.members = members;
    const auto all = train(problem.dataset(), options);
    ASSERT_EQ(all.members.size(), members.size());
    for (std::size_t m = 0; m < members.size(); ++m) {
        options.members = {members[m]};
        const auto alone = train(problem.dataset(), options);
        EXPECT_EQ(all.members[m].model.parameters, alone.model.parameters) << "member " << m;
        EXPECT_EQ(all.members[m].best_loss, alone.members[0].best_loss) << "member " << m;
        EXPECT_LE(all.members[static_cast<std::size_t>(all.best_member)].best_loss, alone.members[0].best_loss);
    }
}

TEST(Trainer, MembersGoOnAfterOneDiverges) {
    const RandomProblem<float> problem(200, 5, 0, 3);
    TrainOptions options = quick("squared");
    options.epochs = 30;
    options.schedule = "constant";
    const Member calm{NAdam{.lr = .01}, 0, 0, 0};
    options.optimizer = calm.optimizer;
    const auto alone = train(problem.dataset(), options);
    // A rate so large that the parameters overflow within a few steps.
    options.members = {{NAdam{.lr = 1e38}, 0, 0, 0}, calm, {NAdam{.lr = 3e37}, 0, 0, 0}};
    const auto run = train(problem.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::finished);
    EXPECT_EQ(run.best_member, 1);
    EXPECT_TRUE(run.members[0].divergence.has_value());
    EXPECT_TRUE(run.members[2].divergence.has_value());
    EXPECT_EQ(run.members[1].model.parameters, alone.model.parameters);
    EXPECT_EQ(run.members[1].history.back().loss, alone.history.back().loss);
}

TEST(Trainer, KeepsTheBestEpochAndStopsWhenPatienceIsOut) {
    const RandomProblem<float> few(30, 20, 2, 1), held_out(200, 20, 2, 2);
    TrainOptions options = quick("logistic");
    options.optimizer = Adam{.lr = .3};
    options.schedule = "constant";
    options.epochs = 200;
    options.patience = 3;
    options.validation = held_out.dataset();
    const auto run = train(few.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::patience);
    EXPECT_EQ(static_cast<std::int64_t>(run.history.size()), run.best_epoch + 3);
    double lowest = std::numeric_limits<double>::infinity();
    for (const EpochRecord& record : run.history) lowest = std::min(lowest, record.validation->loss);
    EXPECT_EQ(run.history[static_cast<std::size_t>(run.best_epoch - 1)].validation->loss, lowest);
    EXPECT_EQ(run.model.evaluate(held_out.dataset()).loss, lowest);
}

TEST(Trainer, AMemberThatStallsEndsAsItsOwnRunDoes) {
    const RandomProblem<float> few(30, 20, 2, 1), held_out(200, 20, 2, 2);
    TrainOptions options = quick("logistic");
    options.schedule = "constant";
    options.epochs = 60;
    options.validation = held_out.dataset();
    const std::vector<Member> members = {{Adam{.lr = .3}, 0, 0, 0}, {Adam{.lr = .003}, 0, 0, 0}, {Adam{.lr = .05}, 0, 0, 0}};
    for (const double tol : {0.0, 1e-2}) {
        options.tol = tol;
        options.patience = 3;
        options.members = members;
        const auto all = train(few.dataset(), options);
        for (std::size_t m = 0; m < members.size(); ++m) {
            options.members = {members[m]};
            const auto alone = train(few.dataset(), options);
            EXPECT_EQ(all.members[m].model.parameters, alone.model.parameters) << "member " << m << ", tol " << tol;
            EXPECT_EQ(all.members[m].history.size(), alone.history.size()) << "member " << m << ", tol " << tol;
            EXPECT_EQ(all.members[m].best_epoch, alone.best_epoch) << "member " << m << ", tol " << tol;
        }
    }
}

TEST(Trainer, StopsOnTrainingLossWithTol) {
    const RandomProblem<float> problem(300, 4, 0, 4);
    TrainOptions options = quick("squared");
    options.epochs = 500;
    options.tol = 1e-3;
    options.schedule = "constant";
    const auto run = train(problem.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::tol);
    EXPECT_LT(run.history.size(), 500u);
}

TEST(Trainer, HonoursLimitsAndTheCallback) {
    const RandomProblem<float> problem(100, 4, 0, 4);
    TrainOptions options = quick("squared");
    options.max_steps = 9;
    const auto limited = train(problem.dataset(), options);
    EXPECT_EQ(limited.steps, 9);
    EXPECT_EQ(limited.stop, StopReason::max_steps);
    options.max_steps = 0;
    options.segment_steps = 2;
    std::int64_t calls = 0;
    options.on_segment = [&](const Progress& progress) {
        EXPECT_EQ(progress.step, 2 * ++calls);
        EXPECT_TRUE(std::isfinite(progress.loss));
        return calls == 3 ? Control::stop : Control::go_on;
    };
    const auto stopped = train(problem.dataset(), options);
    EXPECT_EQ(stopped.stop, StopReason::callback);
    EXPECT_EQ(stopped.steps, 6);
}

TEST(Trainer, AdaptiveEndsTheRunWhereTheRateIsLow) {
    const RandomProblem<double> problem(64, 3, 0, 6);
    TrainOptions options = quick("squared");
    options.optimizer = Sgd{.lr = .0625};
    options.epochs = 1000;
    options.schedule = "adaptive";
    const auto run = train(problem.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::tol);
    EXPECT_LT(run.history.size(), 200u);
    EXPECT_EQ(run.history.front().lr, .0625);
    EXPECT_LE(run.history.back().lr, 1e-6);
    EXPECT_GT(run.history.back().lr, 1e-6 / 5);
    options.tol = 1e-3;
    EXPECT_NE(message_of([&] { train(problem.dataset(), options); }, ErrorKind::usage).find("leave it out"), std::string::npos);
}

TEST(Trainer, WarmStartsFromAModel) {
    const RandomProblem<float> problem(100, 4, 2, 4);
    TrainOptions options = quick("logistic");
    const auto first = train(problem.dataset(), options);
    options.start = first.model;
    options.max_steps = 1;
    options.optimizer = Sgd{.lr = 1e-30};  // too small to move a float
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, first.model.parameters);
    options.standardize = true;  // other units: the function must stay, not the numbers
    const auto moved = train(problem.dataset(), options);
    std::vector<float> before(100), after(100);
    first.model.decision_function({problem.x.data(), 100, 4}, before);
    moved.model.decision_function({problem.x.data(), 100, 4}, after);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(before[i], after[i], 64 * 0x1p-24 * (1 + std::abs(before[i])));
}

TEST(Trainer, StandardizingEqualsStandardizedData) {
    RandomProblem<double> problem(120, 3, 0, 8);
    for (std::size_t i = 0; i < problem.x.size(); i += 3) problem.x[i] = 100 + 7 * problem.x[i];
    for (double& y : problem.y) y = 1000 + 50 * y;
    TrainOptions options = quick("squared");
    options.epochs = 50;
    options.standardize = options.standardize_target = true;
    const auto run = train(problem.dataset(), options);
    const Metrics metrics = run.model.evaluate(problem.dataset());
    EXPECT_GT(*metrics.r2, .9);
    EXPECT_LT(*metrics.rmse, 50);
    std::vector<double> weights, biases, predicted(120);
    run.model.coefficients(weights, biases);
    run.model.predict({problem.x.data(), 120, 3}, predicted);
    for (std::size_t r = 0; r < 120; ++r) {
        double by_hand = biases[0];
        for (std::size_t j = 0; j < 3; ++j) by_hand += weights[j] * problem.x[r * 3 + j];
        EXPECT_NEAR(predicted[r], by_hand, 1e4 * 0x1p-45) << r;  // thousands, folded in another order
    }
}

TEST(Trainer, WeightsOfTwoCountAsRowsSeenTwice) {
    const RandomProblem<double> once(40, 3, 2, 8);
    RandomProblem<double> twice = once, weighted = once;
    twice.x.insert(twice.x.end(), once.x.begin(), once.x.end());
    twice.y.insert(twice.y.end(), once.y.begin(), once.y.end());
    twice.rows = 80;
    TrainOptions options = quick("logistic");
    options.batch_size = full_batch;
    options.l2 = .01;
    std::fill(weighted.weights.begin(), weighted.weights.end(), 2.0);
    const auto a = train(twice.dataset(), options).model.parameters, b = train(weighted.dataset(true), options).model.parameters;
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1000 * 0x1p-53) << i;  // 80 steps, other order of sums
}

TEST(Trainer, NamesTheRowOfABadValue) {
    RandomProblem<float> problem(60, 4, 2, 1);
    problem.x[4 * 17 + 2] = std::numeric_limits<float>::quiet_NaN();
    const auto run = [&] { train(problem.dataset(), quick("logistic")); };
    EXPECT_NE(message_of(run, ErrorKind::data).find("row 18, column 3"), std::string::npos);
    problem.x[4 * 17 + 2] = 0;
    problem.y[3] = .5f;
    EXPECT_NE(message_of(run, ErrorKind::data).find("row 4"), std::string::npos);
    problem.y[3] = 2;
    Dataset labelled = problem.dataset();
    labelled.class_labels = {"no", "yes"};
    EXPECT_NE(message_of([&] { train(labelled, quick("logistic")); }, ErrorKind::data).find("row 4: target 2.000000 is not a class index"),
              std::string::npos);
    problem.y[3] = 1e30f;
    EXPECT_NE(message_of(run, ErrorKind::data).find("row 4"), std::string::npos);
    problem.y[3] = -1;
    EXPECT_NE(message_of(run, ErrorKind::data).find("row 4"), std::string::npos);
    problem.y[3] = 0;
    problem.weights[5] = -1;
    EXPECT_NE(message_of([&] { train(problem.dataset(true), quick("logistic")); }, ErrorKind::data).find("row 6"), std::string::npos);
}

TEST(Trainer, RefusesTargetsOfOneClass) {
    RandomProblem<float> problem(20, 2, 2, 1);
    std::fill(problem.y.begin(), problem.y.end(), 1.0f);
    const auto run = [&] { train(problem.dataset(), quick("logistic")); };
    EXPECT_NE(message_of(run, ErrorKind::data).find("one class only"), std::string::npos);
    // A model to go on from knows the other class.
    const RandomProblem<float> both(20, 2, 2, 1);
    TrainOptions options = quick("logistic");
    options.start = train(both.dataset(), options).model;
    EXPECT_EQ(train(problem.dataset(), options).stop, StopReason::finished);
}

TEST(Trainer, RefusesSettingsThatContradictEachOther) {
    const RandomProblem<float> problem(20, 2, 2, 1);
    const auto refused = [&](auto&& change) {
        const auto attempt = [&] {
            TrainOptions options = quick("logistic");
            change(options);
            train(problem.dataset(), options);
        };
        return message_of(attempt, ErrorKind::usage);
    };
    refused([](TrainOptions& o) { o.epochs = 0; });
    refused([](TrainOptions& o) { o.patience = 3; });
    refused([](TrainOptions& o) { o.optimizer = Sgd{.nesterov = true}; });
    refused([](TrainOptions& o) { o.optimizer = Sgd{.lr = -1}; });
    refused([](TrainOptions& o) { o.l2 = .1, o.optimizer = Sgd{.weight_decay = .1}; });
    refused([](TrainOptions& o) { o.device = "gpu"; });
    refused([](TrainOptions& o) { o.epochs = std::numeric_limits<std::int64_t>::max(); });
    refused([](TrainOptions& o) { o.optimizer = Sgd{}, o.schedule = "one_cycle"; });
    refused([](TrainOptions& o) { o.members = {{Sgd{}, 0, 0, 0}, {Adam{}, 0, 0, 0}}; });
    EXPECT_NE(refused([](TrainOptions& o) { o.loss = "logistik"; }).find("logistic"), std::string::npos);
}

}  // namespace
}  // namespace glissade::trainer_test
