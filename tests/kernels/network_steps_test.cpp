// SPDX-License-Identifier: Apache-2.0
// Networks on a card take the steps of the reference: double, plain loops, independent of rules and kernels.
#include <gtest/gtest.h>

#include "glissade/random.hpp"
#include "tests/kernels/network_on_card.hpp"

namespace glissade::network_steps_on_cuda_test {
namespace {

using testing::cards;
using testing::CardSetting;
using testing::NetworkRun;

class CudaNetworkSteps : public testing::CudaTest {
protected:
    /// Trains on one card after another.
    void expect_reference(NetworkRun& run, const std::string& label) {
        const std::vector<CardSetting> all = cards();
        const CardSetting& card = all[static_cast<std::size_t>(turn_++) % all.size()];
        run.start.clear();
        run.expect_reference<float>(label + " on " + card.name, [&] {
            const testing::NetworkOnCard on_card(run);
            return on_card.parameters(on_card.trained({card, {.network = cuda::NetworkFamily::graph}}, 100));
        });
    }

private:
    int turn_ = 0;
};

TEST_F(CudaNetworkSteps, AreThoseOfTheReferenceForEveryActivation) {
    for (const auto name : Activation::names()) {
        NetworkRun run("softmax", 40, 5, {7, 4});
        run.set(Activation(name));
        expect_reference(run, std::string(name));
    }
}

TEST_F(CudaNetworkSteps, AreThoseOfTheReferenceForEveryLoss) {
    for (const auto name : Loss::names()) {
        NetworkRun run(Loss(name), 40, 5, {6});
        run.set(Optimizer(Sgd{.lr = .03125}));
        expect_reference(run, std::string(name));
    }
}

TEST_F(CudaNetworkSteps, AreThoseOfTheReferenceForSeveralOptimizers) {
    for (const Optimizer& optimizer : {Optimizer(Sgd{.lr = .125, .momentum = .5}), Optimizer(Adam{.lr = .0625}),
                                       Optimizer(AdamW{.lr = .0625}), Optimizer(Adagrad{.lr = .125})}) {
        NetworkRun run("squared", 24, 3, {4});
        run.set(optimizer);
        run.options.batch_size = 8;
        expect_reference(run, std::string(optimizer.name()));
    }
}

TEST_F(CudaNetworkSteps, AreThoseOfTheReferenceForAnyShape) {
    const std::vector<std::vector<std::int64_t>> shapes = {{1}, {2, 1, 3}, {31}, {32, 33}, {3, 3, 3, 3}};
    for (const auto& hidden : shapes)
        for (const std::int64_t features : {1, 17}) {
            NetworkRun run("logistic", 33, features, hidden);
            expect_reference(run, std::to_string(hidden.size()) + " layers, " + std::to_string(features) + " features");
        }
}

/// Around the lengths of partial sums and of the rows that a block of the loss kernel takes.
TEST_F(CudaNetworkSteps, AreThoseOfTheReferenceForAnyBatch) {
    for (const std::int64_t batch : {1, 15, 16, 17, 33, 127, 129, 300, 513}) {
        NetworkRun run("squared", batch + batch / 3, 2, {3});
        run.options.batch_size = batch;
        run.options.epochs = 1;
        expect_reference(run, "batch " + std::to_string(batch));
    }
}

TEST_F(CudaNetworkSteps, SeveralTargetsRowWeightsAndNoBias) {
    NetworkRun run("squared", 50, 4, {5, 3});
    run.problem.outputs = run.problem.target_count = 2;
    for (std::int64_t r = 0; r < run.problem.rows; ++r) run.problem.targets.push_back(static_cast<float>(testing::uniform_value(8, r)));
    expect_reference(run, "two targets");
    run.weigh();
    expect_reference(run, "weights");
    run.options.bias = false;
    expect_reference(run, "no bias");
}

TEST_F(CudaNetworkSteps, PenaltiesSpareBiasesUnlessToldOtherwise) {
    for (const bool decay_bias : {false, true}) {
        NetworkRun run("logistic", 40, 4, {5, 3});
        run.options.l1 = .03125;
        run.options.l2 = .25;
        run.options.decay_bias = decay_bias;
        expect_reference(run, decay_bias ? "with biases" : "without");
    }
}

TEST_F(CudaNetworkSteps, ClippingIsOfTheWholeNetwork) {
    NetworkRun run("squared", 40, 4, {5, 3});
    run.options.clip_norm = .125;
    expect_reference(run, "norm");
    NetworkRun wide("squared", 40, 40, {50});  // more than a piece of the norm
    wide.options.clip_norm = .125;
    wide.set(Optimizer(Sgd{.lr = .015625}));
    expect_reference(wide, "norm of pieces");
    run.options.clip_norm = 0;
    run.options.clip_value = 1.0 / 64;
    expect_reference(run, "value");
}

TEST_F(CudaNetworkSteps, TheAverageIsThatOfTheReference) {
    NetworkRun run("softmax", 40, 4, {5});
    run.options.average.kind = AverageKind::mean;
    expect_reference(run, "mean");
}

TEST_F(CudaNetworkSteps, LabelSmoothingMixesTheTargets) {
    for (const char* loss : {"softmax", "logistic"}) {
        NetworkRun run(loss, 40, 4, {5});
        run.options.label_smoothing = .125;
        expect_reference(run, loss);
    }
}

/// The units that are left out are a function of (seed, step, layer, row, unit) that this test works out on its own.
TEST_F(CudaNetworkSteps, DropoutLeavesOutTheUnitsThatTheGeneratorSays) {
    NetworkRun run("softmax", 70, 4, {9, 6});
    constexpr double share = .25;
    run.options.dropout = share;
    run.options.seed = 11;
    run.options.batch_size = 50;
    run.settings.dropout = [](long step, long layer, long row, long unit) {
        const std::uint64_t blocks = layer == 0 ? 3 : 2;
        const std::uint64_t stream = 4 + (static_cast<std::uint64_t>(layer) << 8) + (static_cast<std::uint64_t>(step) << 16);
        const auto block = Philox::generate(11, stream, static_cast<std::uint64_t>(row) * blocks + static_cast<std::uint64_t>(unit / 4));
        return block.word[unit % 4] >= share * 0x1p32 ? 1 / (1 - share) : 0.0;
    };
    expect_reference(run, "dropout");
}

}  // namespace
}  // namespace glissade::network_steps_on_cuda_test
