// SPDX-License-Identifier: Apache-2.0
// Steps of dense models as launches of a graph, against the CPU backend, bit for bit: what a segment kernel keeps in a launch is kept
// between launches here. Their exchange is tested in sliced_test.cpp.
#include <gtest/gtest.h>

#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaStepGraph : public CudaTest {};

Placement by_graph(int blocks) {
    Placement p{cards().front(), {}};
    p.wishes.graph = true;
    p.wishes.blocks = blocks;
    p.wishes.threads = 32;
    return p;
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

TEST_F(CudaStepGraph, EqualsTheCpuWithRowWeightsOfEachMemberShortRecordsAndRowsThatComeTwice) {
    for (int bits = 0; bits < 8; ++bits) {
        CaseShape shape{.rows = 70, .columns = 21, .outputs = 2, .members = 3, .batch = 40, .steps = 40};
        shape.loss = rule_index<Logistic>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.weights = true;
        shape.weight_sets = 3;
        shape.label_smoothing = .125;
        shape.bfloat16 = bits & 1;
        if (bits & 2) shape.shuffle = Shuffle::replacement;
        shape.clip_norm = bits & 4 ? .05 : 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, by_graph(4)));
    }
}

TEST_F(CudaStepGraph, GoesOnWithOneOfSeveralMembersAndRollsBack) {
    for (const double clip_norm : {0.0, .05}) {
        CaseShape shape{.rows = 50, .columns = 6, .members = 3, .batch = 20, .steps = 80, .rule = rule_index<Adam>(UpdateRules{})};
        shape.rate = .01;
        shape.clip_norm = clip_norm;
        Case<float> c(shape);
        const auto cuda = cuda_backend(c, by_graph(4));
        ASSERT_EQ(cuda->run(c.part(0, 37)).steps_done, 37);
        TrainingState<float> state = cuda->get_state();
        const std::int64_t kept = 1, count = c.problem.parameter_count();
        c.keep_member(kept);
        const auto cut = [&](std::vector<float>& v) { v = std::vector<float>(v.begin() + kept * count, v.begin() + (kept + 1) * count); };
        cut(state.parameters);
        for (auto& vector : state.state) cut(vector);
        ASSERT_TRUE(cuda->keep_members(c.problem));
        EXPECT_NE(cuda->description().find("a graph of launches of"), std::string::npos);
        cuda->set_state(state);
        EXPECT_EQ(cuda->run(c.part(37, 43)).steps_done, 43);
        cuda->roll_back();
        EXPECT_TRUE(same_state(cuda->get_state(), state));
        EXPECT_EQ(cuda->run(c.part(37, 43)).steps_done, 43);
        const auto cpu = c.backend(1);
        cpu->run(c.segment());
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state()));
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
