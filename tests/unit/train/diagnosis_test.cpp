// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>

#include "host/train/diagnosis.hpp"
#include "host/train/score_metrics.hpp"
#include "problems.hpp"

/// The advice at the end of a run.
namespace glissade {
namespace {

using testing::RandomProblem;

TrainOptions options_for(const char* loss, double lr, std::int64_t epochs) {
    TrainOptions options;
    options.loss = loss;
    options.optimizer = Adam{.lr = lr};
    options.batch_size = 32;
    options.epochs = epochs;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

bool says(const std::string& advice, const char* words) {
    return advice.find(words) != std::string::npos;
}

TEST(Advice, IsToTrainLongerWhereTheLossStillFell) {
    const RandomProblem<float> problem(500, 4, 0, 1);
    for (const char* schedule : {"cosine", "constant"}) {
        TrainOptions options = options_for("squared", 1e-3, 10);
        options.schedule = schedule;
        const std::string advice = train(problem.dataset(), options).advice;
        EXPECT_TRUE(says(advice, "the loss still fell") && says(advice, "raise the number of epochs or the learning rate"))
            << schedule << ": " << advice;
        options.max_steps = 60;
        EXPECT_TRUE(says(train(problem.dataset(), options).advice, "raise the limit of steps")) << schedule;
    }
}

TEST(Advice, IsNotGivenToAConvergedRun) {
    const RandomProblem<float> real(2000, 4, 0, 1), classes(2000, 4, 2, 1);
    for (const char* schedule : {"cosine", "constant"}) {
        TrainOptions options = options_for("squared", 1e-2, 60);
        options.schedule = schedule;
        EXPECT_EQ(train(real.dataset(), options).advice, "") << schedule;
        options = options_for("logistic", .1, 200);
        options.schedule = schedule;
        EXPECT_EQ(train(classes.dataset(), options).advice, "") << schedule;
    }
}

/// The advice after a run of ten epochs with these losses; held-out losses may be left out.
std::string advice_after(const std::vector<double>& losses, const std::vector<double>& held_out, StopReason stop = StopReason::finished) {
    const RandomProblem<float> problem(50, 4, 2, 1);
    TrainOptions options = options_for("logistic", 1e-2, static_cast<std::int64_t>(losses.size()));
    const Dataset data = problem.dataset();
    const ResolvedRun run = resolve(data, options);
    const auto rows = set_up<float>(data, options, run);
    MemberResult best;
    best.member = run.members[0];
    best.best_loss = 1e9;
    for (std::size_t e = 0; e < losses.size(); ++e) {
        EpochRecord record;
        record.epoch = static_cast<std::int64_t>(e) + 1;
        record.lr = 1e-2;
        record.loss = losses[e];
        if (!held_out.empty()) {
            record.validation.emplace();
            record.validation->rows = 50;
            record.validation->loss = held_out[e];
        }
        if (!held_out.empty() && held_out[e] < best.best_loss) {
            best.best_loss = held_out[e];
            best.best_epoch = record.epoch;
        }
        best.history.push_back(record);
    }
    return advise<float>(rows->problem, run, options, best, stop);
}

const std::vector<double> falling = {.60, .57, .54, .51, .48, .45, .42, .39, .36, .33, .30, .27};
const std::vector<double> settled = {.60, .40, .35, .35, .35, .35, .35, .35, .35, .35};

TEST(Advice, IsNotToTrainLongerWhereTheKeptModelIsNotOfTheEnd) {
    const std::vector<double> best_at_the_end = falling;
    const std::vector<double> best_before = {.60, .57, .54, .51, .48, .45, .42, .39, .36, .361, .361, .361};
    EXPECT_TRUE(says(advice_after(falling, {}),
                     "the loss still fell 25 % in the last 3 of 12 epochs: raise the number of epochs or the learning rate"));
    EXPECT_TRUE(says(advice_after(falling, best_at_the_end), "raise the number of epochs"));
    EXPECT_EQ(advice_after(falling, best_before), "");
}

TEST(Advice, ToTrainLongerNamesWhatEndedTheRun) {
    EXPECT_TRUE(says(advice_after(falling, {}, StopReason::max_steps), "raise the limit of steps"));
    EXPECT_TRUE(says(advice_after(falling, {}, StopReason::max_seconds), "raise the limit of seconds"));
    for (const StopReason stop : {StopReason::tol, StopReason::patience, StopReason::callback})
        EXPECT_EQ(advice_after(falling, {}, stop), "") << name_of(stop);
}

TEST(Advice, OfAnEarlyBestEpochIsOnlyGivenWhereItWasClearlyBetter) {
    std::vector<double> held_out(10, .3602);
    held_out[2] = .3600;
    EXPECT_EQ(advice_after(settled, held_out), "") << "a difference that means nothing";
    held_out.back() = .38;
    const std::string advice = advice_after(settled, held_out);
    EXPECT_TRUE(says(advice, "the best epoch was 3 of 10, and the validation loss rose from 0.36 to 0.38 since")) << advice;
    held_out[6] = .30;
    EXPECT_EQ(advice_after(settled, held_out), "") << "the best epoch is not in the first half";
}

TEST(Advice, IsALowerRateWhereTheLossEndedAboveThatOfNoModel) {
    const RandomProblem<float> problem(500, 4, 2, 1);
    const std::string advice = train(problem.dataset(), options_for("logistic", 1e10, 20)).advice;
    EXPECT_TRUE(says(advice, "above the 0.693 of a model whose parameters are all 0: lower the learning rate")) << advice;
    EXPECT_TRUE(says(train(problem.dataset(), options_for("logistic", 1e10, 1)).advice, "lower the learning rate"))
        << "one epoch is enough to tell";
}

TEST(Advice, ComparesWithTheLossOfZeroParametersWhateverTheClasses) {
    const RandomProblem<float> problem(500, 4, 3, 1);
    for (const bool weighted : {false, true}) {
        const std::string softmax = train(problem.dataset(weighted), options_for("softmax", 1e10, 20)).advice;
        EXPECT_TRUE(says(softmax, "above the 1.1 of a model whose parameters are all 0")) << softmax;
        const std::string hinge = train(problem.dataset(weighted), options_for("hinge", 1e10, 20)).advice;
        EXPECT_TRUE(says(hinge, "above the 3 of a model whose parameters are all 0")) << "of three runs against the rest; " << hinge;
    }
}

TEST(Advice, ComparesWithTheLossOfZeroParametersOverAllTargetsOfARegression) {
    const RandomProblem<double> problem(500, 4, 0, 1);
    for (const bool weighted : {false, true}) {
        double sum = 0, weights = 0;
        for (std::size_t r = 0; r < problem.y.size(); ++r) {
            const double weight = weighted ? problem.weights[r] : 1.0;
            sum += weight * problem.y[r] * problem.y[r] / 2;
            weights += weight;
        }
        char words[80];
        std::snprintf(words, sizeof words, "above the %.3g of a model whose parameters are all 0", sum / weights);
        const std::string advice = train(problem.dataset(weighted), options_for("squared", 1e10, 2)).advice;
        EXPECT_TRUE(says(advice, words)) << advice << ", not " << words;
    }
}

/// The loss of one row of these targets where every score is 0.
double loss_of_zeros(const ModelSpec& spec, const std::vector<double>& targets) {
    const std::vector<double> scores(static_cast<std::size_t>(spec.outputs), 0.0);
    return mean_loss<double>(spec, {scores, targets, {}, {}});
}

TEST(Advice, MayTakeOneRowForAllSinceScoresOfZeroCostEveryClassTheSame) {
    for (const auto name : Loss::names()) {
        ModelSpec spec;
        spec.loss = Loss(name);
        if (spec.loss.kind() == LossKind::regression) continue;
        for (const std::int64_t outputs : {1, 3}) {
            if (outputs == 1 && spec.loss.kind() == LossKind::grouped) continue;
            spec.outputs = outputs;
            for (std::int64_t c = 1; c < spec.class_count(); ++c)
                EXPECT_EQ(loss_of_zeros(spec, {static_cast<double>(c)}), loss_of_zeros(spec, {0.0})) << name << ", class " << c;
        }
        if (spec.loss.kind() != LossKind::binary) continue;
        spec.outputs = 2;
        spec.multi_label = true;
        for (const auto& labels : {std::vector{0.0, 1.0}, std::vector{1.0, 0.0}, std::vector{1.0, 1.0}})
            EXPECT_EQ(loss_of_zeros(spec, labels), loss_of_zeros(spec, {0.0, 0.0})) << name << ", several labels";
    }
}

TEST(Advice, IsALowerRateWhereTheLossRose) {
    const std::string advice = advice_after({.60, .50, .40, .40, .42, .45, .48, .50, .52, .55}, {});
    EXPECT_EQ(advice, "the training loss rose from 0.4 in epoch 3 to 0.55: lower the learning rate");
}

}  // namespace
}  // namespace glissade
