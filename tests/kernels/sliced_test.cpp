// SPDX-License-Identifier: Apache-2.0
// The sliced exchange, within a launch and between launches of a graph, against the CPU backend, bit for bit: wherever parameters, sums and
// state lie, and when sums are not finite.
#include <gtest/gtest.h>

#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaSliced : public CudaTest {};

Placement sliced(int blocks, int threads, bool graph = false) {
    Placement p{cards().front(), {}};
    p.wishes.exchange = kernels::Exchange::sliced;
    p.wishes.graph = graph;
    p.wishes.blocks = graph ? std::max(2, blocks) : std::min(blocks, p.card.most_blocks);
    p.wishes.threads = threads;
    return p;
}

TEST_F(CudaSliced, EqualsTheCpuWhereverItsArraysLie) {
    for (int bits = 0; bits < 64; ++bits) {
        const bool graph = bits & 32;
        if (graph && (bits & 4)) continue;  // its state is in device memory anyway
        CaseShape shape{.rows = 50, .columns = 37, .outputs = 3, .members = 2, .batch = 40, .steps = 4};
        shape.loss = rule_index<Softmax>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.averaging = bits % 5 == 0;
        shape.clip_norm = bits & 8 ? .05 : 0;
        const int blocks = bits % 32 < 16 ? 4 : bits % 32 < 24 ? 2 : 1;
        Placement p = sliced(blocks, bits % 3 == 0 ? 32 : 64, graph);
        p.wishes.parameters_in_memory = bits & 1;
        p.wishes.sums_in_memory = bits & 2;
        p.wishes.state_in_memory = bits & 4;
        p.wishes.records_in_memory = bits % 5 > 2;
        p.wishes.table_steps = 3;  // a launch that reads and writes one slot
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaSliced, EqualsTheCpuWhereBlocksHaveNoRowsOrNoSlice) {
    for (const std::int64_t batch : {1, 16, 33})  // 1, 1 and 4 partial sums
        for (const std::int64_t columns : {1, 40}) {
            CaseShape shape{.rows = 50, .columns = columns, .batch = batch, .steps = 6, .rule = rule_index<Adam>(UpdateRules{})};
            shape.rate = .01;
            for (const bool graph : {false, true}) EXPECT_TRUE(trains_as_on_cpu(shape, sliced(8, 32, graph)));
        }
}

TEST_F(CudaSliced, EqualsTheCpuForWideModels) {
    struct Wide {
        std::int64_t features, outputs;
    };
    for (const Wide wide : {Wide{784, 10}, {784, 100}, {20000, 1}, {4096, 10}, {30000, 1}}) {
        CaseShape shape{.rows = 20, .columns = wide.features, .outputs = wide.outputs, .batch = 20, .steps = 2};
        shape.loss = wide.outputs > 1 ? rule_index<Softmax>(LossRules{}) : rule_index<Logistic>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = 1e-3;
        Placement p{cards().front(), {}};
        if (wide.features * wide.outputs < 10000) p.wishes.exchange = kernels::Exchange::sliced;  // the others have no other way
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaSliced, ReadsRowsFromDeviceMemoryForEveryWidthAndLoss) {
    int n = 0;
    for (const std::int64_t columns : {1, 33, 128, 129, 200})
        for (const int loss : {rule_index<Softmax>(LossRules{}), rule_index<Squared>(LossRules{})}) {
            CaseShape shape{.rows = 60, .columns = columns, .outputs = 1 + n % 6, .batch = 50, .steps = 3, .loss = loss};
            shape.weights = n % 2 == 0;
            shape.rate = .1 / static_cast<double>(columns);
            if (loss == rule_index<Softmax>(LossRules{})) shape.outputs += 1;
            Placement p = sliced(n % 3 == 0 ? 4 : 1, 64);
            p.wishes.records_in_memory = true;
            if (n++ % 2 == 0) p.wishes.tile = {2, 8};
            EXPECT_TRUE(trains_as_on_cpu(shape, p));
        }
}

TEST_F(CudaSliced, FreezesBeforeASumThatIsNotFinite) {
    // Partial sums may be infinite, or finite with an infinite total: half of 1.8e19 squared is 1.6e38, twice that overflows.
    for (const float target : {4e19F, 1.8e19F})
        for (const double clip_norm : {0.0, 1e30}) {
            CaseShape shape{.rows = 64, .columns = 3, .batch = 32, .steps = 6, .loss = rule_index<Squared>(LossRules{})};
            shape.rate = 1e-20;
            shape.clip_norm = clip_norm;
            shape.shuffle = Shuffle::none;
            Case<float> c(shape);
            for (const std::size_t row : {34U, 35U, 50U, 51U}) c.targets[row] = target;  // of the second batch, two in each partial sum
            const auto cpu = c.backend(1);
            const SegmentReport expected = cpu->run(c.segment());
            ASSERT_TRUE(expected.frozen);
            ASSERT_EQ(expected.steps_done, 1);
            for (const Placement& p : {sliced(1, 32), sliced(2, 32), sliced(8, 32), sliced(2, 32, true), sliced(8, 32, true)}) {
                const auto cuda = cuda_backend(c, p);
                EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << p << ", target " << target;
                EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << p << ", target " << target;
                cuda->roll_back();
                EXPECT_TRUE(same_state(cuda->get_state(), c.start)) << p;
            }
        }
}

TEST_F(CudaSliced, GoesOnAfterSumsThatMightHaveOverflowed) {
    CaseShape shape{.rows = 64, .columns = 3, .batch = 32, .steps = 6, .loss = rule_index<Squared>(LossRules{})};
    shape.rate = 1e-20;
    Case<float> c(shape);
    c.targets[40] = 1e19F;  // a loss of 5e37, beyond 2^118 and finite
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    ASSERT_FALSE(expected.frozen);
    for (const bool graph : {false, true}) {
        const auto cuda = cuda_backend(c, sliced(8, 32, graph));
        EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << graph;
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << graph;
    }
}

TEST_F(CudaSliced, GivesTheSameForAnyOrderOfThreads) {
    CaseShape shape{
        .rows = 100, .columns = 20, .outputs = 3, .members = 2, .batch = 64, .steps = 4, .loss = rule_index<Softmax>(LossRules{})};
    for (std::uint64_t seed = 10; seed < 18; ++seed) {
        shape.clip_norm = seed % 2 == 0 ? .1 : 0;
        Placement p = sliced(4, 64, seed % 4 < 2);
        p.card.seed = seed;
        p.wishes.parameters_in_memory = seed % 3 == 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

}  // namespace
}  // namespace glissade::testing
