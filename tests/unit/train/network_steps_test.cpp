// SPDX-License-Identifier: Apache-2.0
// Networks take the steps of the reference: double, plain loops, independent of the rules. Generated over the catalog.
#include <gtest/gtest.h>

#include "glissade/random.hpp"
#include "tests/unit/train/network_run.hpp"

namespace glissade::network_steps_test {
namespace {

using testing::NetworkRun;

TEST(NetworkSteps, AreThoseOfTheReferenceForEveryActivation) {
    for (const auto name : Activation::names()) {
        NetworkRun run("softmax", 40, 5, {7, 4});
        run.set(Activation(name));
        run.expect_both(std::string(name));
    }
}

TEST(NetworkSteps, AreThoseOfTheReferenceForEveryLoss) {
    for (const auto name : Loss::names()) {
        NetworkRun run(Loss(name), 40, 5, {6});
        run.set(Optimizer(Sgd{.lr = .03125}));
        run.expect_both(std::string(name));
    }
}

TEST(NetworkSteps, AreThoseOfTheReferenceForEveryOptimizerInEveryForm) {
    for (const auto& [name, optimizer] : testing::update_cases()) {
        if (optimizer.driven_by_host()) continue;
        NetworkRun run("squared", 24, 3, {4});
        run.set(optimizer);
        run.options.batch_size = optimizer.full_batch_only() ? full_batch : 8;
        run.expect_reference<double>(name);
    }
}

TEST(NetworkSteps, AreThoseOfTheReferenceForAnyShape) {
    const std::vector<std::vector<std::int64_t>> shapes = {{1}, {2, 1, 3}, {31}, {32, 33}, {3, 3, 3, 3, 3}};
    for (const auto& hidden : shapes)
        for (const std::int64_t features : {1, 17}) {
            NetworkRun run("logistic", 33, features, hidden);
            run.expect_both(std::to_string(hidden.size()) + " layers, " + std::to_string(features) + " features");
        }
}

/// Around the lengths of tiles, slots and passes.
TEST(NetworkSteps, AreThoseOfTheReferenceForAnyBatch) {
    for (const std::int64_t batch : {1, 15, 16, 17, 32, 33, 127, 129, 300, 513, 600}) {
        NetworkRun run("squared", batch + batch / 3, 2, {3});
        run.options.batch_size = batch;
        run.options.epochs = 1;
        run.expect_both("batch " + std::to_string(batch));
    }
}

TEST(NetworkSteps, SeveralTargetsRowWeightsAndNoBias) {
    NetworkRun run("squared", 50, 4, {5, 3});
    run.problem.outputs = run.problem.target_count = 2;
    for (std::int64_t r = 0; r < run.problem.rows; ++r) run.problem.targets.push_back(static_cast<float>(testing::uniform_value(8, r)));
    run.expect_both("two targets");
    run.start.clear();
    run.weigh();
    run.expect_both("weights");
    run.start.clear();
    run.options.bias = false;
    run.expect_both("no bias");
}

TEST(NetworkSteps, PenaltiesSpareBiasesUnlessToldOtherwise) {
    for (const bool decay_bias : {false, true}) {
        NetworkRun run("logistic", 40, 4, {5, 3});
        run.options.l1 = .03125;
        run.options.l2 = .25;
        run.options.decay_bias = decay_bias;
        run.expect_both(decay_bias ? "with biases" : "without");
    }
}

TEST(NetworkSteps, ClippingIsOfTheWholeNetwork) {
    NetworkRun run("squared", 40, 4, {5, 3});
    run.options.clip_norm = .125;
    run.expect_both("norm");
    run.options.clip_norm = 0;
    run.options.clip_value = 1.0 / 64;
    run.expect_both("value");
}

TEST(NetworkSteps, TheAverageIsThatOfTheReference) {
    NetworkRun run("softmax", 40, 4, {5});
    run.options.average.kind = AverageKind::mean;
    run.expect_both("mean");
}

TEST(NetworkSteps, LabelSmoothingMixesTheTargets) {
    for (const char* loss : {"softmax", "logistic"})
        for (const auto& hidden : {std::vector<std::int64_t>{5}, std::vector<std::int64_t>{}}) {
            NetworkRun run(loss, 40, 4, hidden);
            run.options.label_smoothing = .125;
            run.expect_both(std::string(loss) + (hidden.empty() ? ", linear" : ", network"));
        }
}

/// The units that are left out are a function of (seed, step, layer, row, unit) that this test works out on its own.
TEST(NetworkSteps, DropoutLeavesOutTheUnitsThatTheGeneratorSays) {
    NetworkRun run("softmax", 70, 4, {9, 6});
    constexpr double share = .25;
    run.options.dropout = share;
    run.options.seed = 11;
    run.options.batch_size = 50;
    long kept = 0, asked = 0;
    run.settings.dropout = [&](long step, long layer, long row, long unit) {
        const std::uint64_t blocks = layer == 0 ? 3 : 2;
        const std::uint64_t stream = 4 + (static_cast<std::uint64_t>(layer) << 8) + (static_cast<std::uint64_t>(step) << 16);
        const auto block = Philox::generate(11, stream, static_cast<std::uint64_t>(row) * blocks + static_cast<std::uint64_t>(unit / 4));
        const bool keeps = block.word[unit % 4] >= share * 0x1p32;
        ++asked;
        kept += keeps ? 1 : 0;
        return keeps ? 1 / (1 - share) : 0.0;
    };
    run.expect_both("dropout");
    // Of n independent draws the share that is kept lies within five deviations, but for one time in a million.
    const double n = static_cast<double>(asked), deviation = std::sqrt(share * (1 - share) / n);
    EXPECT_NEAR(static_cast<double>(kept) / n, 1 - share, 5 * deviation);
}

}  // namespace
}  // namespace glissade::network_steps_test
