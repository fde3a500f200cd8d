// SPDX-License-Identifier: Apache-2.0
// Steps of dense models as launches of a graph, against the CPU backend, bit for bit: what a segment kernel keeps in a launch is kept
// between launches here.
#include <gtest/gtest.h>

#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaStepGraph : public CudaTest {};

Placement by_graph(int blocks, int threads = 32) {
    Placement p{cards().front(), {}};
    p.wishes.graph = true;
    p.wishes.blocks = blocks;
    p.wishes.threads = threads;
    return p;
}

TEST_F(CudaStepGraph, EqualsTheCpuWhereverItsArraysLie) {
    for (int bits = 0; bits < 16; ++bits) {
        CaseShape shape{.rows = 50, .columns = 37, .outputs = 3, .members = 2, .batch = 40, .steps = 4};
        shape.loss = rule_index<Softmax>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.averaging = bits % 5 == 0;
        shape.clip_norm = bits & 8 ? .05 : 0;
        Placement p = by_graph(bits % 3 == 0 ? 8 : 2, bits % 3 == 0 ? 32 : 64);
        p.wishes.parameters_in_memory = bits & 1;
        p.wishes.sums_in_memory = bits & 2;
        p.wishes.records_in_memory = bits & 4;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaStepGraph, EqualsTheCpuWithEveryLossAndRule) {
    for (int n = 0; n < std::max(LossRules::count, UpdateRules::count); ++n) {
        CaseShape shape{.rows = 60, .columns = 5, .outputs = 2, .batch = 40, .steps = 5, .loss = n % LossRules::count};
        shape.rule = n % UpdateRules::count;
        shape.rate = .01;
        shape.weights = n % 2 == 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, by_graph(4)));
    }
}

TEST_F(CudaStepGraph, RunsManyStepsAGraphAcrossTheEndsOfEpochsAndLegs) {
    // Epochs of 3 batches, the last one shorter; legs of 70 steps: two graphs of 32 steps and six of one.
    CaseShape shape{.rows = 50, .columns = 3, .batch = 20, .steps = 150, .rule = rule_index<Adam>(UpdateRules{})};
    shape.rate = .01;
    for (const std::int64_t table_steps : {32, 70, 200}) {
        Placement p = by_graph(4);
        p.wishes.table_steps = table_steps;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaStepGraph, EqualsTheCpuWhereBlocksHaveNoRowsOrNoSlice) {
    for (const std::int64_t batch : {1, 16, 33})  // 1, 1 and 4 partial sums
        for (const std::int64_t columns : {1, 40}) {
            CaseShape shape{.rows = 50, .columns = columns, .batch = batch, .steps = 6, .rule = rule_index<Adam>(UpdateRules{})};
            shape.rate = .01;
            EXPECT_TRUE(trains_as_on_cpu(shape, by_graph(8)));
        }
}

TEST_F(CudaStepGraph, IsWhatACardWithoutCooperativeLaunchTakes) {
    int taken = 0;
    for (const CardSetting& card : cards()) {
        Placement p{card, {}};
        use(card);
        if (cuda::usable_card(0).facts.cooperative_launch) continue;
        ++taken;
        CaseShape shape{.rows = 3000, .columns = 40, .batch = 3000, .steps = 2, .rule = rule_index<Adam>(UpdateRules{})};
        shape.rate = .01;
        const Case<float> c(shape);
        EXPECT_NE(cuda_backend(c, p)->description().find("a graph of launches of"), std::string::npos) << p;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
    if (taken == 0) GTEST_SKIP() << "every card here has cooperative launch";
}

TEST_F(CudaStepGraph, FreezesBeforeASumThatIsNotFinite) {
    // Partial sums may be infinite, or finite with an infinite total: half of 1.8e19 squared is 1.6e38, twice that overflows.
    for (const float target : {4e19F, 1.8e19F})
        for (const double clip_norm : {0.0, 1e30})
            for (const int blocks : {2, 8}) {
                CaseShape shape{.rows = 64, .columns = 3, .batch = 32, .steps = 40, .loss = rule_index<Squared>(LossRules{})};
                shape.rate = 1e-20;
                shape.clip_norm = clip_norm;
                shape.shuffle = Shuffle::none;
                Case<float> c(shape);
                for (const std::size_t row : {34U, 35U, 50U, 51U}) c.targets[row] = target;  // of the second batch, two in each partial sum
                const auto cpu = c.backend(1);
                const SegmentReport expected = cpu->run(c.segment());
                ASSERT_TRUE(expected.frozen);
                ASSERT_EQ(expected.steps_done, 1);
                const auto cuda = cuda_backend(c, by_graph(blocks));
                EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << blocks << " blocks, target " << target;
                EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << blocks << " blocks, target " << target;
                cuda->roll_back();
                EXPECT_TRUE(same_state(cuda->get_state(), c.start));
            }
}

TEST_F(CudaStepGraph, FindsTheFirstOfTheMembersThatFreeze) {
    // Member m's rate is (m + 1) times as large, so that the third diverges first.
    CaseShape shape{.rows = 60, .columns = 3, .members = 3, .batch = 20, .steps = 40, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 20;
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    ASSERT_TRUE(expected.frozen);
    ASSERT_EQ(expected.frozen_member, 2);
    const auto cuda = cuda_backend(c, by_graph(4));
    EXPECT_TRUE(same_report(cuda->run(c.segment()), expected));
    EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state()));
}

TEST_F(CudaStepGraph, GoesOnAfterSumsThatMightHaveOverflowed) {
    CaseShape shape{.rows = 64, .columns = 3, .batch = 32, .steps = 6, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 1e-20;
    Case<float> c(shape);
    c.targets[40] = 1e19F;  // a loss of 5e37, beyond 2^118 and finite
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    ASSERT_FALSE(expected.frozen);
    const auto cuda = cuda_backend(c, by_graph(8));
    EXPECT_TRUE(same_report(cuda->run(c.segment()), expected));
    EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state()));
}

TEST_F(CudaStepGraph, GivesTheSameForAnyOrderOfThreads) {
    CaseShape shape{
        .rows = 100, .columns = 20, .outputs = 3, .members = 2, .batch = 64, .steps = 4, .loss = rule_index<Softmax>(LossRules{})};
    for (std::uint64_t seed = 10; seed < 16; ++seed) {
        shape.clip_norm = seed % 2 == 0 ? .1 : 0;
        Placement p = by_graph(4, 64);
        p.card.seed = seed;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaStepGraph, GoesOnWhileTheReportOfTheSegmentBeforeIsRead) {
    CaseShape shape{.rows = 60, .columns = 4, .batch = 20, .steps = 50, .rule = rule_index<Adam>(UpdateRules{})};
    shape.rate = .01;
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    cpu->run(c.segment());
    const auto cuda = cuda_backend(c, by_graph(4));
    cuda->start(c.part(0, 10));
    cuda->start(c.part(10, 33));
    EXPECT_EQ(cuda->wait().steps_done, 10);
    cuda->start(c.part(43, 7));
    EXPECT_EQ(cuda->wait().steps_done, 33);
    EXPECT_EQ(cuda->wait().steps_done, 7);
    EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state()));
}

}  // namespace
}  // namespace glissade::testing
