// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "host/train/score_metrics.hpp"

namespace glissade {
namespace {

ModelSpec spec_of(const char* loss, std::int64_t outputs) {
    ModelSpec spec;
    spec.features = 1;
    spec.outputs = outputs;
    spec.loss = loss;
    return spec;
}

constexpr double ulps = 8 * 0x1p-53;  // a few roundings of figures near 1

TEST(Metrics, CountsPairsForTheAreaUnderTheCurveWithTiesAsHalf) {
    const std::vector<double> scores = {-2, 1, 1, 3, 0, -1}, targets = {0, 0, 1, 1, 1, 0};
    double wins = 0;
    for (std::size_t p = 0; p < scores.size(); ++p)
        for (std::size_t n = 0; n < scores.size(); ++n)
            if (targets[p] == 1 && targets[n] == 0) wins += scores[p] > scores[n] ? 1 : (scores[p] == scores[n] ? .5 : 0);
    const Metrics metrics = score_metrics<double>(spec_of("logistic", 1), {scores, targets, {}, {}}, LossUnits::trained);
    EXPECT_EQ(*metrics.auc, wins / 9);
    EXPECT_EQ(*metrics.accuracy, 4.0 / 6);  // wrong: score 1 of class 0, score 0 of class 1
}

TEST(Metrics, HasNoAreaUnderTheCurveForOneClass) {
    const std::vector<double> scores = {1, 2}, targets = {1, 1};
    EXPECT_FALSE(score_metrics<double>(spec_of("logistic", 1), {scores, targets, {}, {}}, LossUnits::trained).auc.has_value());
}

TEST(Metrics, ScalesRegressionErrorsToTheUsersUnits) {
    const std::vector<double> scores = {1, 2, 4}, targets = {1, 3, 2};
    const Metrics metrics = score_metrics<double>(spec_of("squared", 1), {scores, targets, {}, {10.0}}, LossUnits::trained);
    EXPECT_NEAR(metrics.loss, (0 + .5 + 2) / 3, ulps);
    EXPECT_NEAR(*metrics.rmse, 10 * std::sqrt(5.0 / 3), 20 * ulps);
    EXPECT_NEAR(*metrics.mae, 10, 10 * ulps);
    EXPECT_NEAR(*metrics.r2, 1 - 5.0 / 2, 2 * ulps);
}

TEST(Metrics, TakesTheLossInTheUsersUnitsAsIfTheTargetsHadNeverBeenStandardised) {
    const std::vector<double> scores = {1, 2, 4, -3, .25, 8}, targets = {1, 3, 2, 0, .5, 7.5};
    const std::vector<double> scales = {4, .125};  // powers of two: exact
    std::vector<double> raw_scores = scores, raw_targets = targets;
    for (const double scale : scales) {
        for (std::size_t i = 0; i < scores.size(); ++i) raw_scores[i] = scores[i] * scale, raw_targets[i] = targets[i] * scale;
        for (const auto name : Loss::names()) {
            ModelSpec spec = spec_of(std::string(name).c_str(), 1), raw = spec;
            if (spec.loss.kind() != LossKind::regression || spec.loss.link() != Link::identity) continue;
            for (const double length : {.5, 1., 2.5}) {
                for (const char* field : {"delta", "epsilon"})
                    if (spec.loss.has(field)) spec.loss.set(field, length), raw.loss.set(field, length * scale);
                const Metrics metrics = score_metrics<double>(spec, {scores, targets, {}, {scale}}, LossUnits::user);
                EXPECT_EQ(metrics.loss, score_metrics<double>(raw, {raw_scores, raw_targets, {}, {}}, LossUnits::user).loss) << name;
                EXPECT_NE(metrics.loss, score_metrics<double>(spec, {scores, targets, {}, {scale}}, LossUnits::trained).loss) << name;
            }
        }
    }
    const Metrics both = score_metrics<double>(spec_of("squared", 2), {scores, targets, {}, scales}, LossUnits::user);
    EXPECT_NEAR(both.loss, 2 * *both.rmse * *both.rmse / 2, both.loss * ulps) << "half of rmse squared for each of two outputs";
}

TEST(Metrics, WeighsRows) {
    const std::vector<double> scores = {2, -1, 5}, targets = {1, 1, 0}, weights = {3, 1, 0};
    const Metrics metrics = score_metrics<double>(spec_of("hinge", 1), {scores, targets, weights, {}}, LossUnits::trained);
    EXPECT_NEAR(metrics.loss, (3 * 0 + 1 * 2) / 4.0, ulps);
    EXPECT_EQ(*metrics.accuracy, .75);
    EXPECT_FALSE(metrics.log_loss.has_value());
}

TEST(Metrics, TakesTheLargestScoreAsTheClassAndTheCrossEntropyAsTheLoss) {
    const std::vector<double> scores = {1, 2, 0, 3, 1, 1}, targets = {1, 2};
    const Metrics metrics = score_metrics<double>(spec_of("softmax", 3), {scores, targets, {}, {}}, LossUnits::trained);
    EXPECT_EQ(*metrics.accuracy, .5);
    const double first = std::log(std::exp(1.) + std::exp(2.) + 1) - 2, second = std::log(std::exp(3.) + 2 * std::exp(1.)) - 1;
    EXPECT_NEAR(*metrics.log_loss, (first + second) / 2, 4 * ulps);
}

}  // namespace
}  // namespace glissade
