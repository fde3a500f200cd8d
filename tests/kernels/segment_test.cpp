// SPDX-License-Identifier: Apache-2.0
// The segment kernel against the CPU backend, bit for bit.
#include <gtest/gtest.h>

#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaSegment : public CudaTest {};

struct CountVariants {
    int count = 0;
    template <class Rule>
    void operator()() {
        count = Rule::variants;
    }
};

TEST_F(CudaSegment, EqualsTheCpuForEveryLossAndUpdateRule) {
    int n = 0;
    for (int loss = 0; loss < LossRules::count; ++loss)
        for (int rule = 0; rule < UpdateRules::count; ++rule) {
            CountVariants variants;
            visit_rule(UpdateRules{}, rule, variants);
            for (int variant = 0; variant < variants.count; ++variant, ++n) {
                CaseShape shape{
                    .rows = 53, .columns = 9, .outputs = 3, .members = 1 + n % 3, .batch = 40, .steps = 3, .loss = loss, .rule = rule};
                shape.variant = variant;
                shape.averaging = n % 2 == 0;
                shape.weights = n % 4 < 2;
                shape.rate = .01;
                EXPECT_TRUE(trains_as_on_cpu(shape, placement(n)));
            }
        }
}

TEST_F(CudaSegment, EqualsTheCpuForEveryLossOfOneOutput) {
    for (int loss = 0; loss < LossRules::count; ++loss) {
        CaseShape shape{.rows = 53, .columns = 9, .batch = 40, .steps = 3, .loss = loss};
        shape.rate = .01;
        EXPECT_TRUE(trains_as_on_cpu(shape, placement(loss)));
    }
}

/// The parameters of output `o` of a case of several outputs and one member, weights then bias.
std::vector<float> parameters_of_output(const std::vector<float>& all, const CaseShape& shape, std::int64_t o) {
    const auto begin = all.begin() + o * shape.columns;
    std::vector<float> own(begin, begin + shape.columns);
    own.push_back(all[static_cast<std::size_t>(shape.outputs * shape.columns + o)]);
    return own;
}

/// The card is another for each backend, so none outlives its run.
std::vector<float> parameters_after(const Case<float>& c, const Placement& p) {
    const auto backend = cuda_backend(c, p);
    EXPECT_EQ(backend->run(c.segment()).steps_done, c.segment().steps);
    return backend->get_state().parameters;
}

TEST_F(CudaSegment, TrainsEachClassAgainstTheRestAsARunOfItsOwn) {
    for (int loss = 0; loss < LossRules::count; ++loss) {
        LossFacts facts;
        visit_rule(LossRules{}, loss, facts);
        if (facts.kind != LossKind::binary) continue;
        CaseShape shape{
            .rows = 53, .columns = 9, .outputs = 3, .batch = 40, .steps = 5, .loss = loss, .rule = rule_index<Adam>(UpdateRules{})};
        shape.weights = true;
        shape.rate = .01;
        const Case<float> together(shape);
        const auto all = parameters_after(together, placement(loss));
        for (std::int64_t o = 0; o < shape.outputs; ++o) {
            CaseShape one = shape;
            one.outputs = 1;
            Case<float> alone(one);
            for (std::size_t r = 0; r < alone.targets.size(); ++r)
                alone.targets[r] = together.targets[r] == static_cast<float>(o) ? 1.0F : 0.0F;
            alone.start.parameters = parameters_of_output(together.start.parameters, shape, o);
            for (std::size_t v = 0; v < alone.start.state.size(); ++v)
                alone.start.state[v] = parameters_of_output(together.start.state[v], shape, o);
            EXPECT_EQ(parameters_after(alone, placement(loss)), parameters_of_output(all, shape, o)) << shape << ", class " << o;
        }
    }
}

TEST_F(CudaSegment, EqualsTheCpuForEveryWidthAndBatchSize) {
    int n = 0;
    for (const std::int64_t columns : {1, 31, 32, 33, 64, 65, 100, 128, 129})
        for (const std::int64_t batch : {1, 16, 17, 64, 130}) {  // 130: all rows; the others leave a short last batch but 1
            CaseShape shape{.rows = 130, .columns = columns, .batch = batch, .steps = batch == 1 ? 12 : (batch < 20 ? 9 : 4)};
            shape.rate = .3 / static_cast<double>(columns);
            EXPECT_TRUE(trains_as_on_cpu(shape, placement(n++)));
        }
}

TEST_F(CudaSegment, EqualsTheCpuWithEveryOption) {
    for (int bits = 0; bits < 64; ++bits) {
        CaseShape shape{.rows = 75, .columns = 37, .outputs = 2, .members = 2, .batch = 20, .steps = 5};
        shape.loss = bits & 1 ? rule_index<Softmax>(LossRules{}) : rule_index<Huber>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.bias = bits & 2;
        shape.weights = bits & 4;
        shape.affine = bits & 8;
        shape.averaging = bits & 16;
        shape.padded_rows = bits & 32;
        shape.clip_norm = bits % 3 == 0 ? .05 : 0;
        shape.clip_value = bits % 5 == 0 ? .01 : 0;
        shape.shuffle = static_cast<Shuffle>(bits % 3);
        EXPECT_TRUE(trains_as_on_cpu(shape, placement(bits)));
    }
}

TEST_F(CudaSegment, MembersHaveRowWeightsOfTheirOwnAsOnTheCpu) {
    for (int n = 0; n < 10; ++n) {
        CaseShape shape{.rows = 70, .columns = 9, .outputs = n % 2 * 2 + 1, .members = 5, .batch = 30, .steps = 5};
        if (shape.outputs > 1) shape.loss = rule_index<Softmax>(LossRules{});
        shape.weights = true;
        shape.weight_sets = 3;
        shape.bfloat16 = n % 3 == 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, placement(n)));
    }
}

TEST_F(CudaSegment, SmoothsLabelsAsTheCpuDoes) {
    int n = 0;
    for (const int loss : {rule_index<Softmax>(LossRules{}), rule_index<Logistic>(LossRules{})})
        for (const std::int64_t outputs : {1, 4}) {
            if (outputs == 1 && loss == rule_index<Softmax>(LossRules{})) continue;
            for (const double smoothing : {.125, .5}) {
                CaseShape shape{.rows = 70, .columns = 9, .outputs = outputs, .members = 2, .batch = 30, .steps = 5, .loss = loss};
                shape.weights = n % 2 == 0;
                shape.label_smoothing = smoothing;
                EXPECT_TRUE(trains_as_on_cpu(shape, placement(n++)));
            }
        }
}

TEST_F(CudaSegment, EqualsTheCpuForEveryTeamTileAndSizeOfBlock) {
    const CaseShape shape{.rows = 140, .columns = 4, .members = 2, .batch = 130, .steps = 2, .rule = rule_index<Adam>(UpdateRules{})};
    const CardSetting card = cards().front();
    for (int blocks = 1; blocks <= std::min(8, card.most_blocks); blocks *= 2)
        for (const kernels::TileShape tile : {kernels::TileShape{1, 1}, {1, 32}, {4, 4}, {16, 1}, {2, 16}}) {
            Placement p{card, {}};
            p.wishes.blocks = blocks;
            p.wishes.threads = blocks == 2 ? 128 : 32;
            p.wishes.tile = tile;
            EXPECT_TRUE(trains_as_on_cpu(shape, p));
        }
}

TEST_F(CudaSegment, EqualsTheCpuForPartialSumsOfManyRows) {
    // Beyond 16384 rows a partial sum has more than 16 of them, and a tile holds only some.
    const CaseShape shape{.rows = 16400, .columns = 2, .batch = 16400, .steps = 1};
    Placement p = placement(0);
    p.wishes.tile = {4, 16};
    EXPECT_TRUE(trains_as_on_cpu(shape, p));
    p.wishes.blocks = 1;
    p.wishes.cluster = 0;
    p.wishes.tile = {16, 8};
    EXPECT_TRUE(trains_as_on_cpu(shape, p));
}

TEST_F(CudaSegment, GivesTheSameForAnyOrderOfThreads) {
    CaseShape shape{
        .rows = 100, .columns = 20, .outputs = 3, .members = 2, .batch = 64, .steps = 4, .loss = rule_index<Softmax>(LossRules{})};
    shape.clip_norm = .1;
    for (std::uint64_t seed = 10; seed < 18; ++seed) {
        Placement p = placement(3);
        p.card = cards().front();
        p.card.seed = seed;
        p.wishes.blocks = std::min(4, p.card.most_blocks);
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaSegment, ReadsTheRowsThatTheHostsOrderNames) {
    constexpr std::int64_t rows = 37, steps = 2 * rows;
    for (const Shuffle shuffle : {Shuffle::full, Shuffle::none, Shuffle::replacement}) {
        CaseShape shape{.rows = rows, .columns = 1, .batch = 1, .steps = steps, .loss = rule_index<Squared>(LossRules{})};
        shape.shuffle = shuffle;
        Case<float> c(shape);
        std::fill(c.scalars.begin(), c.scalars.end(),
                  0.0f);  // a rate of 0: parameters stay 0, so that a step's loss is half its target squared
        std::fill(c.start.parameters.begin(), c.start.parameters.end(), 0.0f);
        for (std::int64_t r = 0; r < rows; ++r) c.targets[static_cast<std::size_t>(r)] = static_cast<float>(r);
        const auto cuda = cuda_backend(c, placement(1));
        const SegmentReport report = cuda->run(c.segment());
        ASSERT_EQ(report.steps_done, steps);
        for (std::int64_t s = 0; s < steps; ++s) {
            const auto row = static_cast<double>(c.problem.batches.order.epoch(s / rows)(s % rows));
            EXPECT_EQ(report.loss_sums[static_cast<std::size_t>(s)], .5 * row * row)
                << "step " << s << ", shuffle " << static_cast<int>(shuffle);
        }
    }
}

}  // namespace
}  // namespace glissade::testing
