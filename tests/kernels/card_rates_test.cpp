// SPDX-License-Identifier: Apache-2.0
// What plans go by on a card: its generation, and what was measured of it.
#include <gtest/gtest.h>

#include "host/cuda/card_rates.hpp"
#include "host/cuda/plan.hpp"
#include "host/execution/card_probe.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {
namespace {

cuda::Card card_of(int major, int minor) {
    cuda::Card card;
    card.facts.name = "made up";
    card.facts.compute_major = major;
    card.facts.compute_minor = minor;
    card.facts.multiprocessors = 100;
    card.facts.shared_bytes_a_block = std::int64_t{227} << 10;
    card.facts.cooperative_launch = true;
    card.facts.free_bytes = std::int64_t{8} << 30;
    card.memory_bytes_a_second = 4e12;
    return card;
}

TEST(CardRates, FollowTheGenerationAndANewerCardTheNewestKnown) {
    EXPECT_GT(cuda::rates_of(card_of(7, 5), {}).grid_barrier, cuda::rates_of(card_of(9, 0), {}).grid_barrier);
    EXPECT_EQ(cuda::rates_of(card_of(8, 7), {}).block_memory, cuda::rates_of(card_of(8, 6), {}).block_memory);
    EXPECT_EQ(cuda::rates_of(card_of(13, 0), {}).block_memory, cuda::rates_of(card_of(12, 0), {}).block_memory);
}

TEST(CardRates, AreThoseThatWereMeasuredOfACardOfThatName) {
    CardMeasures measured;
    measured.name = "made up";
    measured.read_bytes_per_second = 3e12;
    measured.gather_bytes_per_second = 2e12;
    measured.gather_row_bytes = 128;
    measured.block_read_bytes_per_second = 5e10;
    measured.l2_read_bytes_per_second = 5e12;
    measured.grid_barrier_seconds = 9e-6;
    measured.graph_node_seconds = 3e-6;
    const cuda::Card card = card_of(9, 0);
    const auto rates = cuda::rates_of(card, {.cpu = {}, .cards = {measured}});
    EXPECT_EQ(rates.memory_share, .75);
    EXPECT_EQ(rates.gather_bytes, 64);
    EXPECT_EQ(rates.block_memory, 5e10);
    EXPECT_EQ(rates.l2_a_multiprocessor, 5e10);
    EXPECT_EQ(rates.grid_barrier, 9e-6);
    EXPECT_EQ(rates.graph_node, 3e-6);
    EXPECT_EQ(rates.cluster_barrier, cuda::rates_of(card, {}).cluster_barrier) << "it was not measured";

    EXPECT_EQ(rates.cluster_grid_barrier, 9e-6 + rates.cluster_barrier) << "nor was this: one after the other";
    EXPECT_EQ(rates.add_bytes, kernels::tuning::expected.add_bytes) << "nor this";

    measured.cluster_barrier_seconds = 4e-7;
    measured.cluster_grid_barrier_seconds = 7e-6;
    measured.scattered_adds_per_second = 1.5e10;
    const auto all = cuda::rates_of(card, {.cpu = {}, .cards = {measured}});
    EXPECT_EQ(all.cluster_barrier, 4e-7);
    EXPECT_EQ(all.cluster_grid_barrier, 7e-6);
    EXPECT_EQ(all.add_bytes, 200);

    measured.name = "another";
    EXPECT_EQ(cuda::rates_of(card, {.cpu = {}, .cards = {measured}}).grid_barrier, cuda::rates_of(card, {}).grid_barrier);
}

TEST(CardRates, ExpectTheBarrierOfAGridOfClustersToBeBoth) {
    for (const int capability : {80, 90, 100, 120}) {
        const auto rates = cuda::rates_of(card_of(capability / 10, capability % 10), {});
        EXPECT_EQ(rates.cluster_grid_barrier, rates.grid_barrier + rates.cluster_barrier);
        EXPECT_EQ(rates.add_bytes, 2 * 32);
    }
}

using CudaGraphNode = CudaTest;

/// The emulation's clock is too noisy for the figure itself: what is timed is counted.
TEST_F(CudaGraphNode, IsTheDifferenceOfTwoGraphsThatAreReplayedInTurn) {
    CardProbeLimits limits;
    limits.bytes = 32 << 10;
    limits.upload_bytes = 8 << 10;
    limits.barriers = 1;
    limits.repetitions = 1;
    const auto kernels_with = [&](int nodes) {
        limits.graph_nodes = nodes;
        const std::int64_t kernels = emulation::count_calls("cudaLaunchKernelEx"), replays = emulation::count_calls("cudaGraphLaunch");
        EXPECT_GE(probe_card(0, 128, limits).graph_node_seconds.median, 0);
        EXPECT_EQ(emulation::count_calls("cudaGraphLaunch") - replays, 2 * (1 + limits.repetitions)) << "the first time does not count";
        return emulation::count_calls("cudaLaunchKernelEx") - kernels;
    };
    const std::int64_t with_two = kernels_with(2);
    EXPECT_EQ(kernels_with(5) - with_two, (5 - 2) + 2 * (5 - 2)) << "written down once, into a graph and one twice as long";
}

TEST(CardRates, DecideHowWorkIsLaidOut) {
    kernels::LinearShape shape;
    shape.features = 28;
    shape.state_vectors = 2;
    cuda::RunFacts run;
    run.batch_rows = 8192;
    CardMeasures slow;
    slow.name = "made up";
    slow.grid_barrier_seconds = 1;
    const cuda::Card card = card_of(8, 0);
    const auto team = [&](const Calibration& calibration) {
        return cuda::plan_segments(shape, run, card, cuda::rates_of(card, calibration), {}).taken.launch.team;
    };
    EXPECT_EQ(team({}), kernels::Team::grid);
    EXPECT_EQ(team({.cpu = {}, .cards = {slow}}), kernels::Team::block) << "a barrier of a second is worth no team";
}

TEST(CardRates, GiveTheFirstBarrierOfAStepInAGridOfClustersAFigureOfItsOwn) {
    kernels::LinearShape shape;
    shape.features = 400;
    shape.state_vectors = 2;
    cuda::Card card = card_of(9, 0);
    card.cluster_blocks = 16;
    CardMeasures slow;
    slow.name = "made up";
    for (const auto exchange : {kernels::Exchange::replica, kernels::Exchange::sliced})
        for (const bool clips : {false, true}) {
            const bool sliced = exchange == kernels::Exchange::sliced;
            const cuda::RunFacts run{.batch_rows = 8192, .clips_by_norm = clips};
            const auto seconds = [&](double cluster_grid, double grid, int cluster) {
                slow.cluster_grid_barrier_seconds = cluster_grid;
                slow.grid_barrier_seconds = grid;
                const cuda::PlanWishes wishes{.blocks = 64, .cluster = cluster, .exchange = exchange};
                return cuda::plan_segments(shape, run, card, cuda::rates_of(card, {.cpu = {}, .cards = {slow}}), wishes).taken.step_seconds;
            };
            // What a step takes besides is below the usual time of a whole one.
            const double usual = seconds(0, 0, 8), further = sliced ? (clips ? 2 : 1) : 0, slowed = seconds(64, 4, 8);
            EXPECT_GT(slowed, 64 + 4 * further) << sliced << clips;
            EXPECT_LT(slowed, 64 + 4 * further + usual) << sliced << clips;
            EXPECT_EQ(seconds(64, 4, 1), seconds(0, 4, 1)) << "a grid without clusters";
        }
}

}  // namespace
}  // namespace glissade::testing
