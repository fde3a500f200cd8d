// SPDX-License-Identifier: Apache-2.0
// Plans, budgets and refusals: pure functions, on cards that are only described.
#include <gtest/gtest.h>

#include "glissade/error.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "host/cuda/plan.hpp"

namespace glissade::testing {
namespace {

using cuda::Card;
using cuda::PlanWishes;
using cuda::SegmentPlan;
using kernels::Exchange;
using kernels::LinearShape;
using kernels::Team;

Card card_with(int multiprocessors, std::int64_t shared_kilobytes, double bytes_a_second = 0) {
    Card card;
    card.facts.name = "made up";
    card.facts.multiprocessors = multiprocessors;
    card.facts.shared_bytes_a_block = shared_kilobytes << 10;
    card.facts.cooperative_launch = true;
    card.facts.free_bytes = std::int64_t{8} << 30;
    card.memory_bytes_a_second = bytes_a_second;
    return card;
}
Card hopper() {
    Card card = card_with(132, 227, 4.8e12);
    card.cluster_blocks = 16;
    card.l2_bytes = 50 << 20;
    return card;
}

LinearShape logistic_with_adam(std::int64_t features) {
    LinearShape shape;
    shape.features = features;
    shape.state_vectors = 2;
    return shape;
}

LinearShape softmax_with_adam(std::int64_t features, std::int64_t outputs) {
    LinearShape shape = logistic_with_adam(features);
    shape.outputs = outputs;
    return shape;
}

cuda::PlanChoice choice_for(const LinearShape& shape, std::int64_t batch_rows, const Card& card, const PlanWishes& wishes = {}) {
    return cuda::plan_segments(shape, {.batch_rows = batch_rows}, card, kernels::tuning::expected, wishes);
}
SegmentPlan plan_for(const LinearShape& shape, std::int64_t batch_rows, const Card& card, const PlanWishes& wishes = {}) {
    return choice_for(shape, batch_rows, card, wishes).taken;
}

void expect_sound(const SegmentPlan& plan, const LinearShape& shape, std::int64_t rows, const Card& card) {
    const auto is_power = [](std::int64_t n) { return n > 0 && (n & (n - 1)) == 0; };
    EXPECT_TRUE(is_power(plan.launch.blocks) && is_power(plan.tile.partials) && is_power(plan.tile.rows));
    EXPECT_EQ(plan.launch.team == Team::block, plan.launch.blocks == 1);
    EXPECT_NE(plan.launch.team, Team::graph);
    EXPECT_EQ(plan.launch.team == Team::cluster, plan.launch.blocks > 1 && plan.launch.cluster == plan.launch.blocks);
    EXPECT_EQ(plan.launch.blocks % plan.launch.cluster, 0);
    EXPECT_LE(plan.launch.cluster, card.cluster_blocks);
    EXPECT_LE(plan.launch.blocks, card.facts.multiprocessors);
    if (plan.launch.exchange == Exchange::replica) {
        EXPECT_LE(plan.launch.blocks, SumShape::of_batch(rows).partials);
        EXPECT_TRUE(plan.launch.places.parameters && plan.launch.places.sums);
    }
    EXPECT_LE(plan.layout.bytes, card.facts.shared_bytes_a_block);
    EXPECT_EQ(plan.layout.bytes, kernels::SegmentLayout::of(shape, plan.tile, plan.launch).bytes);
    EXPECT_GT(plan.step_seconds, 0);
}

TEST(CudaPlan, IsSoundForEveryShapeBatchAndCard) {
    for (const Card& card : {card_with(1, 48), card_with(46, 64), card_with(82, 99), hopper()})
        for (const std::int64_t features : {1, 28, 129, 512, 784, 2000})
            for (const std::int64_t rows : {1, 16, 17, 256, 8192, 20000, 11000000}) {
                const LinearShape shape = logistic_with_adam(features);
                SCOPED_TRACE(std::to_string(features) + " features, batch " + std::to_string(rows) + ", " +
                             std::to_string(card.facts.multiprocessors) + " SMs");
                expect_sound(plan_for(shape, rows, card), shape, rows, card);
            }
}

TEST(CudaPlan, GivesOneRowToOneBlockAndManyRowsToTheGrid) {
    EXPECT_EQ(plan_for(logistic_with_adam(28), 1, hopper()).launch.team, Team::block);
    const cuda::PlanChoice large = choice_for(logistic_with_adam(28), 65536, hopper());
    EXPECT_EQ(large.taken.launch.team, Team::grid);
    EXPECT_EQ(large.taken.launch.exchange, Exchange::replica);
    ASSERT_TRUE(large.runner_up);
    EXPECT_GT(large.runner_up->step_seconds, large.taken.step_seconds);
}

TEST(CudaPlan, TakesLaunchesOfAGraphWhereBlocksCannotWaitForEachOther) {
    Card card = card_with(132, 227, 4.8e12);
    for (const std::int64_t features : {28, 512, 20000})
        for (const std::int64_t rows : {1024, 8192, 65536}) {
            card.facts.cooperative_launch = true;
            const double with_a_grid = plan_for(logistic_with_adam(features), rows, card).step_seconds;
            card.facts.cooperative_launch = false;
            const cuda::PlanChoice choice = choice_for(logistic_with_adam(features), rows, card);
            EXPECT_EQ(choice.taken.launch.team, Team::graph) << features << " features, batch " << rows;
            EXPECT_EQ(choice.taken.launch.exchange, Exchange::sliced);
            EXPECT_FALSE(choice.taken.launch.places.state) << "nothing in shared memory outlives a launch";
            EXPECT_LE(choice.taken.layout.bytes, card.facts.shared_bytes_a_block);
            EXPECT_GT(choice.taken.step_seconds, with_a_grid);
            ASSERT_TRUE(choice.runner_up);
            EXPECT_EQ(choice.runner_up->launch.team, Team::block);
        }
    EXPECT_EQ(plan_for(logistic_with_adam(28), 1, card).launch.team, Team::block) << "a launch costs more than a row";
    EXPECT_THROW(plan_for(logistic_with_adam(28), 8192, card, {.blocks = 4, .exchange = Exchange::replica}), Error);
}

TEST(CudaPlan, TakesAGridWhereItCan) {
    for (const std::int64_t features : {28, 512, 20000}) {
        const cuda::PlanChoice choice = choice_for(logistic_with_adam(features), 65536, hopper());
        EXPECT_NE(choice.taken.launch.team, Team::graph);
        EXPECT_EQ(plan_for(logistic_with_adam(features), 65536, hopper(), {.graph = true}).launch.team, Team::graph);
    }
}

TEST(CudaPlan, CountsALaunchMoreWithALimitOnTheNorm) {
    const auto seconds = [](bool clips) {
        return cuda::plan_segments(logistic_with_adam(28), {.batch_rows = 1024, .clips_by_norm = clips}, hopper(),
                                   kernels::tuning::expected, {.blocks = 8, .graph = true})
            .taken.step_seconds;
    };
    EXPECT_GT(seconds(true) - seconds(false), kernels::tuning::expected.graph_node) << "and the reading of the norm";
}

TEST(CudaPlan, MovesAReplicasStateOutOfSharedMemoryBeforeItRefuses) {
    const LinearShape fashion = softmax_with_adam(784, 10);
    const PlanWishes replica{.exchange = Exchange::replica};
    EXPECT_TRUE(plan_for(fashion, 256, hopper(), replica).launch.places.state);
    EXPECT_FALSE(plan_for(fashion, 256, card_with(46, 99), replica).launch.places.state);
}

TEST(CudaPlan, SlicesWideModels) {
    EXPECT_EQ(plan_for(softmax_with_adam(784, 10), 4096, hopper()).launch.exchange, Exchange::sliced);
    for (const auto& [features, outputs] : {std::pair{784, 100}, {20000, 1}, {4096, 10}})
        for (const std::int64_t rows : {1, 64, 1024, 65536}) {
            const LinearShape shape = softmax_with_adam(features, outputs);
            SCOPED_TRACE(std::to_string(features) + " x " + std::to_string(outputs) + ", batch " + std::to_string(rows));
            const SegmentPlan plan = plan_for(shape, rows, hopper());
            expect_sound(plan, shape, rows, hopper());
            EXPECT_EQ(plan.launch.exchange, Exchange::sliced);
            EXPECT_GT(plan.launch.blocks, 1);
        }
}

TEST(CudaPlan, TakesAClusterWhereAGridsBarrierWouldCostMoreThanItsBlocksGain) {
    const SegmentPlan with = plan_for(logistic_with_adam(28), 1024, hopper());
    EXPECT_EQ(with.launch.team, Team::cluster);
    EXPECT_EQ(plan_for(logistic_with_adam(28), 1024, card_with(132, 227, 4.8e12)).launch.cluster, 1);
    EXPECT_LT(with.step_seconds, plan_for(logistic_with_adam(28), 1024, card_with(132, 227, 4.8e12)).step_seconds);
    EXPECT_THROW(plan_for(logistic_with_adam(28), 1024, card_with(132, 227), {.blocks = 8, .cluster = 8}), Error);
}

TEST(CudaPlan, TakesAGridOfClustersWhereTheExchangeWouldBeLong) {
    const SegmentPlan plan = plan_for(logistic_with_adam(400), 8192, hopper());
    EXPECT_EQ(plan.launch.team, Team::grid);
    EXPECT_GT(plan.launch.cluster, 1);
}

TEST(CudaPlan, ReadsRowsThatFitTheL2CacheFaster) {
    const LinearShape shape = logistic_with_adam(256);
    const auto seconds = [&shape](std::int64_t data_rows) {
        return cuda::plan_segments(shape, {.batch_rows = 65536, .data_rows = data_rows}, hopper(), kernels::tuning::expected, {})
            .taken.fetch_seconds;
    };
    EXPECT_LT(seconds(20000), seconds(10000000));
    EXPECT_EQ(seconds(10000000), seconds(0));
}

TEST(CudaPlan, GivesEachOfManyMembersABlockWhereBatchesAreSmall) {
    LinearShape shape = logistic_with_adam(28);
    shape.members = 14;
    const SegmentPlan plan = plan_for(shape, 64, hopper());
    EXPECT_EQ(plan.launch.team, Team::block_a_member);
    EXPECT_EQ(plan.launch.blocks, 14);
    EXPECT_NE(plan_for(shape, 1 << 20, hopper()).launch.team, Team::block_a_member);
}

TEST(CudaPlan, KeepsReplicasOfSmallModels) {
    for (const std::int64_t features : {1, 28, 100})
        for (const std::int64_t rows : {1, 64, 1024, 65536})
            EXPECT_EQ(plan_for(logistic_with_adam(features), rows, hopper()).launch.exchange, Exchange::replica)
                << features << " features, batch " << rows;
}

TEST(CudaPlan, LeavesRowsInDeviceMemoryWhereTwoDoNotFitSharedMemory) {
    EXPECT_TRUE(plan_for(logistic_with_adam(4000), 256, hopper()).launch.places.records);
    for (const std::int64_t features : {40000, 1000000}) {
        const SegmentPlan plan = plan_for(logistic_with_adam(features), 256, hopper());
        EXPECT_FALSE(plan.launch.places.records);
        expect_sound(plan, logistic_with_adam(features), 256, hopper());
    }
}

TEST(CudaPlan, RefusesScoresBeyondSharedMemoryWithTheFigureAndARemedy) {
    try {
        plan_for(softmax_with_adam(2, 60000), 256, hopper());
        FAIL() << "planned";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::device);
        const std::string message = error.what();
        EXPECT_NE(message.find("60000 scores of a row"), std::string::npos) << message;
        EXPECT_NE(message.find("232.4 KB are there"), std::string::npos) << message;
        EXPECT_NE(message.find("train on the CPU"), std::string::npos) << message;
    }
}

TEST(CudaPlan, RefusesAModelBeyondDeviceMemoryWithTheFigureAndARemedy) {
    Card card = hopper();
    card.facts.free_bytes = 1 << 20;
    try {
        plan_for(softmax_with_adam(4096, 100), 256, card);
        FAIL() << "planned";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::device);
        const std::string message = error.what();
        EXPECT_NE(message.find("1 x 409700 parameters"), std::string::npos) << message;
        EXPECT_NE(message.find("1.0 MB of device memory are free"), std::string::npos) << message;
    }
}

TEST(CudaPlan, PredictsMoreTimeForMoreRowsAndForMoreColumns) {
    const auto seconds = [](std::int64_t features, std::int64_t rows) {
        return plan_for(logistic_with_adam(features), rows, hopper()).step_seconds;
    };
    EXPECT_LT(seconds(28, 1024), seconds(28, 1 << 20));
    EXPECT_LT(seconds(28, 65536), seconds(512, 65536));
    // At least the time in which the card's memory can deliver the rows.
    EXPECT_GE(seconds(28, 11000000), 11000000 * 32 * 4 / 4.8e12);
}

TEST(CudaPlan, LayoutHasRoomForEveryArray) {
    LinearShape shape;
    shape.features = 5;
    shape.outputs = 3;
    shape.members = 2;
    shape.state_vectors = 2;
    shape.weight_sets = 1;
    const kernels::TileShape tile{2, 4};
    const auto layout = kernels::SegmentLayout::of(shape, tile, {});
    EXPECT_EQ(shape.record_floats(), 8);  // 5 features, 1 target, 1 weight, filled up
    EXPECT_EQ(shape.parameters(), 2 * 3 * 6);
    EXPECT_GE(layout.rates - layout.records, 2 * 8 * 8 * 4);
    EXPECT_GE(layout.rows - layout.rates, 2 * 2 * rules::scalars_a_member * 4);
    EXPECT_GE(layout.counts - layout.rows, 3 * 8 * 8);
    EXPECT_GE(layout.scores - layout.counts, 3 * 2 * 4);
    EXPECT_GE(layout.clip - layout.scores, 8 * (6 + 2) * 4);
    EXPECT_GE(layout.sums - layout.clip, 2 * 4);
    EXPECT_GE(layout.parameters - layout.sums, 2 * 38 * 4);
    EXPECT_GE(layout.state - layout.parameters, 36 * 4);
    EXPECT_GE(layout.bytes - layout.state, 2 * 36 * 4);
    for (const std::int64_t at : {layout.records, layout.rates, layout.rows, layout.sums, layout.parameters, layout.state, layout.bytes})
        EXPECT_EQ(at % 16, 0);
    kernels::SegmentLaunch sliced;
    sliced.exchange = Exchange::sliced;
    sliced.blocks = 4;
    EXPECT_EQ(sliced.slice(shape), 10);  // 36 parameters and 2 losses
    const auto slice = kernels::SegmentLayout::of(shape, tile, sliced);
    EXPECT_GE(slice.bytes - slice.state, 2 * 10 * 4);
    EXPECT_LT(slice.bytes, layout.bytes);
}

TEST(CudaPlan, DividesExactlyByMultiplication) {
    for (std::int64_t divisor = 1; divisor <= 1000; ++divisor) {
        const auto divider = kernels::Divider::by(divisor);
        for (int n = 0; n < 3000; ++n) ASSERT_EQ(divider.quotient(n), n / divisor) << n << " / " << divisor;
    }
    for (const std::int64_t divisor : {57000, 65536, 784785, 2147483647})
        for (const std::int64_t quotient : {1, 2, 1000, 37675})
            for (const std::int64_t n : {divisor * quotient - 1, divisor * quotient, divisor * quotient + 1})
                if (n <= 2147483647) {
                    EXPECT_EQ(kernels::Divider::by(divisor).quotient(static_cast<int>(n)), n / divisor) << n << " / " << divisor;
                }
}

}  // namespace
}  // namespace glissade::testing
