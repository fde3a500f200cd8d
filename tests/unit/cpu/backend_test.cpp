// SPDX-License-Identifier: Apache-2.0
// The CPU backend against the contract written down plainly, bit for bit.
#include <gtest/gtest.h>

#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {
namespace {

template <class Real>
void expect_exact(const CaseShape& shape, int threads = 1) {
    const Case<Real> c(shape);
    EXPECT_TRUE(runs_to(c, threads, oracle::run(c.problem, c.start, c.segment())))
        << shape << ", " << threads << " threads, " << sizeof(Real) << " bytes";
}
void expect_exact_in_both(const CaseShape& shape, int threads = 1) {
    expect_exact<float>(shape, threads);
    expect_exact<double>(shape, threads);
}

struct EachForm {
    std::vector<std::pair<int, int>> forms;
    template <class Rule>
    void operator()() {
        for (int v = 0; v < Rule::variants; ++v) forms.emplace_back(rule_index<Rule>(UpdateRules{}), v);
    }
};
std::vector<std::pair<int, int>> update_forms() {
    EachForm each;
    for (int i = 0; i < UpdateRules::count; ++i) visit_rule(UpdateRules{}, i, each);
    return each.forms;
}

TEST(CpuBackend, FollowsTheContractForEveryLossAndUpdateRule) {
    for (int loss = 0; loss < LossRules::count; ++loss)
        for (const auto& [rule, variant] : update_forms())
            for (bool averaging : {false, true}) {
                CaseShape shape{
                    .rows = 53, .columns = 9, .outputs = 3, .batch = 17, .steps = 6, .loss = loss, .rule = rule, .variant = variant};
                shape.averaging = averaging;
                shape.weights = averaging;
                shape.rate = .01;
                expect_exact_in_both(shape);
            }
}

TEST(CpuBackend, FollowsTheContractForEveryLossOfOneOutput) {
    for (int loss = 0; loss < LossRules::count; ++loss)
        for (const std::int64_t batch : {1, 17}) {
            CaseShape shape{.rows = 53, .columns = 9, .batch = batch, .steps = 6, .loss = loss};
            shape.rate = .01;
            expect_exact_in_both(shape);
        }
}

TEST(CpuBackend, FollowsTheContractForSeveralLabelsARow) {
    for (int loss = 0; loss < LossRules::count; ++loss)
        for (const std::int64_t batch : {1, 17}) {
            CaseShape shape{.rows = 53, .columns = 9, .outputs = 3, .members = 2, .batch = batch, .steps = 6, .loss = loss};
            shape.multi_label = true;
            shape.rate = .01;
            expect_exact_in_both(shape);
        }
}

TEST(CpuBackend, FollowsTheContractForEveryShape) {
    for (std::int64_t columns : {1, 31, 32, 33, 63, 64, 65, 100, 784})
        for (std::int64_t batch : {1, 15, 16, 17, 64, 130}) {
            CaseShape shape{.rows = 130, .columns = columns, .batch = batch, .steps = batch == 1 ? 140 : 9};
            shape.rate = .3 / static_cast<double>(columns);
            expect_exact_in_both(shape);
        }
}

TEST(CpuBackend, FollowsTheContractWithEveryOption) {
    for (int bits = 0; bits < 64; ++bits) {
        CaseShape shape{.rows = 75, .columns = 37, .outputs = 2, .members = 2, .batch = 20, .steps = 8};
        shape.loss = bits & 1 ? rule_index<Softmax>(LossRules{}) : rule_index<Huber>(LossRules{});
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.bias = bits & 2;
        shape.weights = bits & 4;
        shape.affine = bits & 8;
        shape.padded_rows = bits & 16;
        shape.clip_norm = bits & 32 ? .05 : 0;
        shape.clip_value = bits & 32 ? 0 : .01;
        expect_exact_in_both(shape);
    }
}

TEST(CpuBackend, GivesEachMemberItsOwnSetOfRowWeights) {
    for (std::int64_t batch : {1, 20})
        for (std::int64_t members : {1, 2, 4, 7})
            for (int loss : {rule_index<Logistic>(LossRules{}), rule_index<Softmax>(LossRules{}), rule_index<Huber>(LossRules{})}) {
                CaseShape shape{.rows = 75, .columns = 37, .outputs = 2, .members = members, .batch = batch, .steps = 8, .loss = loss};
                shape.weights = true;
                shape.weight_sets = 3;
                shape.rate = .01;
                expect_exact_in_both(shape);
            }
}

TEST(CpuBackend, FollowsTheContractForEveryRowOrder) {
    for (Shuffle shuffle : {Shuffle::full, Shuffle::none, Shuffle::replacement})
        for (std::int64_t rows : {1, 2, 255, 257, 400}) {
            CaseShape shape{.rows = rows, .columns = 3, .batch = 7, .steps = 90};
            shape.shuffle = shuffle;
            expect_exact_in_both(shape);
        }
}

TEST(CpuBackend, AddsPartialSumsLongerThanATile) {
    // 1024 partial sums at most: 20000 rows give partial sums of 19 and 20 rows, more than a tile.
    CaseShape shape{.rows = 20'000, .columns = 3, .batch = 20'000, .steps = 2};
    expect_exact_in_both(shape);
    expect_exact<float>(shape, 3);
}

TEST(CpuBackend, GivesTheSameBitsForAnyNumberOfThreads) {
    for (std::int64_t columns : {28, 784, 5000})
        for (std::int64_t outputs : {1, 3}) {
            CaseShape shape{.rows = 3000 / outputs, .columns = columns, .outputs = outputs, .members = 2, .batch = 700, .steps = 5};
            shape.loss = outputs == 1 ? rule_index<Logistic>(LossRules{}) : rule_index<Softmax>(LossRules{});
            shape.rule = rule_index<Adam>(UpdateRules{});
            shape.rate = .01;
            shape.clip_norm = .5;
            const Case<float> c(shape);
            auto reference = c.backend(1);
            const SegmentReport report = reference->run(c.segment());
            oracle::Result<float> expected{reference->get_state(), {report.loss_sums.begin(), report.loss_sums.end()}, report.steps_done};
            for (int threads : {2, 3, 5, 8, 16}) EXPECT_TRUE(runs_to(c, threads, expected)) << shape << ", " << threads << " threads";
        }
}

TEST(CpuBackend, SharesAStepAsTheContractSays) {
    for (int threads : {2, 3, 8}) {
        CaseShape shape{.rows = 900, .columns = 65, .outputs = 2, .members = 1, .batch = 400, .steps = 4};
        shape.loss = rule_index<Softmax>(LossRules{});
        expect_exact_in_both(shape, threads);
        shape.columns = 5001;  // enough parameters for the update to be shared too
        shape.rows = 60;
        shape.batch = 40;
        shape.clip_norm = .01;
        expect_exact<float>(shape, threads);
    }
}

TEST(CpuBackend, TrainsEachMemberAsIfAlone) {
    CaseShape shape{.rows = 500, .columns = 33, .members = 5, .batch = 100, .steps = 12};
    shape.rule = rule_index<Adam>(UpdateRules{});
    shape.averaging = true;
    const Case<float> all(shape);
    auto backend = all.backend(2);
    const SegmentReport report = backend->run(all.segment());
    const TrainingState<float> together = backend->get_state();
    const std::int64_t count = all.problem.parameter_count();
    for (std::int64_t m = 0; m < shape.members; ++m) {
        Case<float> one(shape);
        one.keep_member(m);
        auto alone = one.backend(1);
        const SegmentReport single = alone->run(one.segment());
        for (std::int64_t s = 0; s < shape.steps; ++s)
            EXPECT_EQ(single.loss_sums[s], report.loss_sums[s * shape.members + m]) << "member " << m;
        const std::vector<float> part(together.parameters.begin() + m * count, together.parameters.begin() + (m + 1) * count);
        EXPECT_TRUE(same_bits(alone->get_state().parameters, part)) << "member " << m;
    }
}

TEST(CpuBackend, CutsARunIntoSegmentsAnywhere) {
    CaseShape shape{.rows = 100, .columns = 8, .batch = 30, .steps = 11};
    shape.rule = rule_index<NAdam>(UpdateRules{});
    const Case<double> c(shape);
    const auto expected = oracle::run(c.problem, c.start, c.segment());
    for (std::int64_t cut = 0; cut <= shape.steps; ++cut) {
        auto backend = c.backend(1);
        backend->run(c.part(0, cut));
        backend->run(c.part(cut, shape.steps - cut));
        EXPECT_TRUE(same_state(backend->get_state(), expected.state)) << "cut after step " << cut;
    }
}

}  // namespace
}  // namespace glissade::testing
