// SPDX-License-Identifier: Apache-2.0
// The segment kernel of networks: the steps of the reference, in the same bits whatever card, team, exchange and tile.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "tests/kernels/network_on_card.hpp"

namespace glissade::testing {
namespace {

Placement segment_placement(int n) {
    Placement p = placement(n);
    if (p.wishes.graph) p.wishes.blocks = std::min(p.wishes.blocks, p.card.most_blocks);
    p.wishes.graph = false;  // of linear models only
    p.wishes.network = cuda::NetworkFamily::segments;
    return p;
}

class NetworkSegment : public CudaTest {
protected:
    /// Trains on a card within the reference's bound, and by another plan, the `n`-th, in the same bits.
    static void expect_everywhere(NetworkRun run, int n, const std::string& label) {
        const NetworkOnCard on_card(run);
        Placement first{cards().front(), {}};
        first.wishes.blocks = 1;
        first.wishes.network = cuda::NetworkFamily::segments;
        const TrainingState<float> wanted = on_card.trained(first, 100);
        run.expect_reference<float>(label, [&] { return on_card.parameters(wanted); });
        const Placement p = segment_placement(n);
        EXPECT_TRUE(same_state(on_card.trained(p, 1 + n % 5), wanted)) << label << "; " << p;
    }
};

TEST_F(NetworkSegment, TakesTheReferencesStepsForEveryActivation) {
    int n = 0;
    for (const auto name : Activation::names()) {
        NetworkRun run("softmax", 40, 5, {7, 4});
        run.set(Activation(name));
        expect_everywhere(run, n++, std::string(name));
    }
}

TEST_F(NetworkSegment, TakesTheReferencesStepsForAnyShape) {
    const std::vector<std::vector<std::int64_t>> shapes = {{1}, {2, 1, 3}, {31}, {32, 36}, {8, 9}, {3, 3, 3, 3, 3, 3, 3}};
    int n = 0;
    for (const auto& hidden : shapes)
        for (const std::int64_t features : {1, 8, 17}) {
            NetworkRun run("logistic", 33, features, hidden);
            expect_everywhere(run, n++, std::to_string(hidden.size()) + " layers, " + std::to_string(features) + " features");
        }
}

TEST_F(NetworkSegment, TakesTheReferencesStepsForEveryOptimizerAndLoss) {
    int n = 0;
    for (const auto& [name, optimizer] : update_cases()) {
        if (optimizer.driven_by_host()) continue;
        NetworkRun run("squared", 24, 3, {4});
        run.set(optimizer);
        run.options.batch_size = optimizer.full_batch_only() ? full_batch : 8;
        expect_everywhere(run, n++, name);
    }
    for (const auto name : Loss::names()) {
        NetworkRun run(Loss(name), 40, 5, {6});
        run.set(Optimizer(Sgd{.lr = .03125}));
        expect_everywhere(run, n++, std::string(name));
    }
}

/// Batches of one partial sum and of many, with a short last one; partial sums of several tiles.
TEST_F(NetworkSegment, TakesTheReferencesStepsForAnyBatch) {
    int n = 0;
    for (const std::int64_t batch : {1, 15, 16, 17, 127, 600}) {
        NetworkRun run("squared", batch + batch / 3, 2, {3});
        run.options.batch_size = batch;
        run.options.epochs = 1;
        expect_everywhere(run, n++, "batch " + std::to_string(batch));
    }
}

TEST_F(NetworkSegment, TakesTheReferencesStepsForAllElse) {
    const auto expect = [](const char* label, int n, const auto& change) {
        NetworkRun run("squared", 50, 4, {5, 3});
        change(run);
        expect_everywhere(run, n, label);
    };
    expect("row weights", 0, [](NetworkRun& run) { run.weigh(); });
    expect("two targets", 1, [](NetworkRun& run) {
        run.problem.outputs = run.problem.target_count = 2;
        for (std::int64_t r = 0; r < run.problem.rows; ++r)
            run.problem.targets.push_back(static_cast<float>(uniform_value(8, static_cast<std::uint64_t>(r))));
    });
    expect("no bias", 2, [](NetworkRun& run) { run.options.bias = false; });
    expect("clipped by norm", 3, [](NetworkRun& run) { run.options.clip_norm = .125; });
    expect("clipped by norm, other plans", 6, [](NetworkRun& run) { run.options.clip_norm = .125; });
    expect("clipped by value", 4, [](NetworkRun& run) { run.options.clip_value = 1.0 / 64; });
    expect("penalties", 5, [](NetworkRun& run) { run.options.l1 = .03125, run.options.l2 = .25, run.options.decay_bias = true; });
    expect("average", 7, [](NetworkRun& run) { run.options.average.kind = AverageKind::mean; });
}

TEST_F(NetworkSegment, SmoothsLabels) {
    int n = 0;
    for (const char* loss : {"softmax", "logistic"}) {
        NetworkRun run(loss, 40, 4, {5});
        run.options.label_smoothing = .125;
        expect_everywhere(run, n++, loss);
    }
}

/// The units that are left out follow from (seed, step, layer, row of the batch, unit).
TEST_F(NetworkSegment, LeavesOutTheUnitsThatTheGeneratorSays) {
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
    for (int n = 0; n < 6; n += 2) expect_everywhere(run, n, "dropout, from placement " + std::to_string(n));
}

TEST_F(NetworkSegment, AMemberIsTheModelOfItsOwnRun) {
    NetworkRun run("softmax", 60, 4, {9, 6});
    run.options.dropout = .25;
    run.options.members = {{Sgd{.lr = .125}, 0, 0, 1, 2}, {Sgd{.lr = .0625}, .0625, .125, 7, 7}, {Sgd{.lr = .25}, 0, 0, 1, 3}};
    NetworkRun all_run = run;
    const NetworkOnCard all(all_run);
    const std::vector<Member> members = run.options.members;
    for (int n = 0; n < 12; ++n) {
        const Placement p = segment_placement(n);
        const TrainingState<float> state = all.trained(p, 3);
        const std::size_t count = state.parameters.size() / members.size();
        for (std::size_t m = 0; m < members.size(); ++m) {
            NetworkRun alone_run = run;
            alone_run.options.members = {members[m]};
            alone_run.start.clear();
            const TrainingState<float> alone =
                NetworkOnCard(alone_run).trained(Placement{cards().front(), {.blocks = 1, .network = cuda::NetworkFamily::segments}}, 100);
            const auto from = state.parameters.begin() + static_cast<std::ptrdiff_t>(m * count);
            EXPECT_TRUE(same_bits(std::vector<float>(from, from + static_cast<std::ptrdiff_t>(count)), alone.parameters)) << m << "; " << p;
        }
    }
}

/// As a divergence does: the state stays as it was before the step, and the others' steps are taken back.
TEST_F(NetworkSegment, FreezesBeforeTheFirstSumThatIsNotFinite) {
    NetworkRun run("squared", 40, 4, {5});
    run.set(Activation("identity"));
    run.set(Optimizer(Sgd{.lr = 1e6}));
    run.options.epochs = 20;
    const NetworkOnCard on_card(run);
    std::optional<std::int64_t> steps_done;
    std::optional<TrainingState<float>> frozen;
    for (int n = 0; n < 8; ++n) {
        const Placement p = segment_placement(n);
        const auto backend = on_card.backend(p);
        const SegmentReport report = on_card.report_of(*backend);
        EXPECT_TRUE(report.frozen) << p;
        EXPECT_GT(report.steps_done, 1) << p;
        EXPECT_EQ(report.steps_done, steps_done.value_or(report.steps_done)) << p;
        const TrainingState<float> state = backend->get_state();
        for (const float value : state.parameters) EXPECT_TRUE(std::isfinite(value)) << p;
        EXPECT_TRUE(same_state(state, frozen.value_or(state))) << p;
        steps_done = report.steps_done;
        frozen = state;
    }
}

}  // namespace
}  // namespace glissade::testing
