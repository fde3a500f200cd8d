// SPDX-License-Identifier: Apache-2.0
// Every team and exchange against the CPU backend, bit for bit: one block, a cluster, a grid, a grid of clusters, launches of a graph.
#include <gtest/gtest.h>

#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

using kernels::Exchange;

class CudaTeam : public CudaTest {};

/// All teams that the first card has, with replicas and slices.
std::vector<Placement> teams() {
    const CardSetting card = cards().front();
    std::vector<Placement> all;
    for (const Exchange exchange : {Exchange::replica, Exchange::sliced})
        for (int blocks = 1; blocks <= std::min(8, card.most_blocks); blocks *= 2)
            for (int cluster = 1; cluster <= std::min(blocks, card.most_cluster); cluster *= 2) {
                Placement p{card, {}};
                p.wishes.exchange = exchange;
                p.wishes.blocks = blocks;
                p.wishes.cluster = cluster;
                p.wishes.threads = cluster == 2 ? 64 : 32;
                all.push_back(p);
            }
    for (const int blocks : {2, 8}) {
        Placement p{card, {}};
        p.wishes.graph = true;
        p.wishes.blocks = blocks;
        p.wishes.threads = 32;
        all.push_back(p);
    }
    Placement apart{card, {}};
    apart.wishes.block_a_member = true;
    apart.wishes.threads = 64;
    apart.wishes.table_steps = 2;
    all.push_back(apart);
    apart.wishes.state_in_memory = true;
    all.push_back(apart);
    return all;
}

TEST_F(CudaTeam, OfEveryKindEqualsTheCpu) {
    int n = 0;
    for (const Placement& p : teams()) {
        // Batches of 8 partial sums and of 1.
        CaseShape shape{.rows = 110, .columns = 6, .outputs = 3, .members = 2, .batch = 100, .steps = 3};
        shape.loss = rule_index<Softmax>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.clip_norm = ++n % 3 == 0 ? .05 : 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaTeam, OfEveryKindFreezesBeforeASumThatIsNotFinite) {
    CaseShape shape{.rows = 128, .columns = 3, .batch = 64, .steps = 2, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 1e-20;
    shape.shuffle = Shuffle::none;
    Case<float> c(shape);
    for (const std::size_t row : {70U, 71U, 120U, 121U}) c.targets[row] = 1.8e19F;  // finite partial sums, an infinite total
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    ASSERT_TRUE(expected.frozen);
    ASSERT_EQ(expected.steps_done, 1);
    for (const Placement& p : teams()) {
        const auto cuda = cuda_backend(c, p);
        EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << p;
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << p;
    }
}

TEST_F(CudaTeam, OfTheirOwnStopWhereTheFirstOfThemFreezes) {
    // Member m's rate is (m + 1) times as large, so that the third diverges first and the others are beyond that by then.
    CaseShape shape{.rows = 60, .columns = 3, .members = 3, .batch = 20, .steps = 40, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 20;
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    ASSERT_TRUE(expected.frozen);
    ASSERT_EQ(expected.frozen_member, 2);
    ASSERT_GT(expected.steps_done, 7);
    for (const std::int64_t table_steps : {4, 7, 100}) {
        Placement p{cards().front(), {}};
        p.wishes.block_a_member = true;
        p.wishes.threads = 32;
        p.wishes.table_steps = table_steps;
        const auto cuda = cuda_backend(c, p);
        EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << p;
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << p;
        cuda->roll_back();
        EXPECT_TRUE(same_state(cuda->get_state(), c.start)) << p;
    }
}

TEST_F(CudaTeam, OfTheirOwnStopThereAlsoWhileTheNextSegmentIsUnderWay) {
    CaseShape shape{.rows = 60, .columns = 3, .members = 3, .batch = 20, .steps = 40, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 20;
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    const std::int64_t end = cpu->run(c.segment()).steps_done;
    ASSERT_LT(end + 10, shape.steps);
    for (const std::int64_t before : {0, 3}) {  // good steps of the segment that freezes
        const std::int64_t cut = end - before;
        Placement p{cards().front(), {}};
        p.wishes.block_a_member = true;
        p.wishes.threads = 32;
        p.wishes.table_steps = 100;
        const auto cuda = cuda_backend(c, p);
        cuda->start(c.part(0, cut));
        cuda->start(c.part(cut, before + 5));
        EXPECT_EQ(cuda->wait().steps_done, cut);
        cuda->start(c.part(end + 5, 5));
        const SegmentReport report = cuda->wait();
        EXPECT_TRUE(report.frozen);
        EXPECT_EQ(report.frozen_member, 2);
        EXPECT_EQ(report.steps_done, before);
        cuda->discard();
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << before;
    }
}

TEST_F(CudaTeam, OfClustersGivesTheSameForAnyOrderOfThreads) {
    const CaseShape shape{.rows = 140, .columns = 4, .members = 2, .batch = 130, .steps = 3, .rule = rule_index<Adam>(UpdateRules{})};
    for (std::uint64_t seed = 20; seed < 24; ++seed)
        for (const int cluster : {2, 4}) {
            Placement p{cards().front(), {}};
            p.card.seed = seed;
            p.wishes.blocks = std::min(4, p.card.most_blocks);
            p.wishes.cluster = std::min({p.wishes.blocks, cluster, p.card.most_cluster});
            p.wishes.exchange = seed % 2 == 0 ? Exchange::replica : Exchange::sliced;
            p.wishes.threads = 32;
            EXPECT_TRUE(trains_as_on_cpu(shape, p));
        }
}

}  // namespace
}  // namespace glissade::testing
