// SPDX-License-Identifier: Apache-2.0
// Networks on a card: the same bits wherever they run and segments are cut, frozen, rolled back, run ahead, members that go on alone.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "glissade/error.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/kernels/score_on_card.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkState : public CudaTest {};

/// Three batches an epoch, the last a short one: graphs of two steps, of one and of the last.
CaseShape network_shape() {
    CaseShape shape{
        .rows = 50, .columns = 5, .outputs = 3, .members = 2, .batch = 20, .steps = 9, .loss = rule_index<Softmax>(LossRules{})};
    shape.rule = rule_index<Adam>(UpdateRules{});
    shape.rate = .02;
    shape.averaging = true;
    shape.weights = true;
    shape.affine = true;
    shape.clip_norm = .5;
    shape.hidden = {6, 3};
    shape.dropout = .25;
    return shape;
}
Placement card_number(int n, std::int64_t table_steps = 0) {
    const std::vector<CardSetting> all = cards();
    Placement p{all[static_cast<std::size_t>(n) % all.size()], {}};
    p.wishes.table_steps = table_steps;
    p.wishes.staging_bytes = 500;
    p.wishes.network = cuda::NetworkFamily::graph;
    return p;
}

struct Trained {
    TrainingState<float> state;
    std::vector<double> losses;
};
Trained train_whole(const Case<float>& c, const Placement& p) {
    const auto backend = cuda_backend(c, p);
    const SegmentReport report = backend->run(c.segment());
    return {backend->get_state(), {report.loss_sums.begin(), report.loss_sums.end()}};
}

TEST_F(CudaNetworkState, HasTheSameBitsOnAnyCardForAnyOrderOfThreads) {
    CaseShape shape = network_shape();
    shape.steps = 4;
    const Case<float> c(shape);
    const Trained first = train_whole(c, card_number(0));
    EXPECT_EQ(first.losses.size(), 8U);
    for (int n = 1; n < static_cast<int>(cards().size()); ++n) {
        const Trained other = train_whole(c, card_number(n, n % 3 == 0 ? 0 : n % 3));
        EXPECT_TRUE(same_state(other.state, first.state)) << card_number(n);
        EXPECT_EQ(other.losses, first.losses) << card_number(n);
    }
}

TEST_F(CudaNetworkState, DoesNotDependOnWhereSegmentsAreCut) {
    const Case<float> c(network_shape());
    const Trained whole = train_whole(c, card_number(1));
    const auto cut = cuda_backend(c, card_number(1));
    std::int64_t at = 0;
    for (const std::int64_t steps : {1, 0, 4, 2, 2}) {
        EXPECT_EQ(cut->run(c.part(at, steps)).steps_done, steps);
        at += steps;
    }
    EXPECT_TRUE(same_state(cut->get_state(), whole.state));
}

TEST_F(CudaNetworkState, RunsOneBatchAnEpochAndWholeEpochsOfEqualBatches) {
    for (const std::int64_t batch : {50, 10}) {
        CaseShape shape = network_shape();
        shape.members = 1;
        shape.batch = batch;
        shape.steps = 7;
        const Case<float> c(shape);
        const Trained whole = train_whole(c, card_number(2));
        const auto single = cuda_backend(c, card_number(2, 1));
        single->run(c.segment());  // a leg a step
        EXPECT_TRUE(same_state(single->get_state(), whole.state)) << batch;
    }
}

TEST_F(CudaNetworkState, RollsBackTheLastSegment) {
    const Case<float> c(network_shape());
    const auto cuda = cuda_backend(c, card_number(3));
    EXPECT_TRUE(same_state(cuda->get_state(), c.start));
    cuda->run(c.part(0, 4));
    const TrainingState<float> kept = cuda->get_state();
    cuda->run(c.part(4, 5));
    const TrainingState<float> end = cuda->get_state();
    ASSERT_FALSE(same_state(kept, end));
    cuda->roll_back();
    EXPECT_TRUE(same_state(cuda->get_state(), kept));
    cuda->run(c.part(4, 5));
    EXPECT_TRUE(same_state(cuda->get_state(), end));
}

TEST_F(CudaNetworkState, FreezesBeforeTheFirstStepWithASumThatIsNotFinite) {
    for (const std::int64_t member : {0, 1}) {
        Case<float> c(network_shape());
        // One member's rate leaves the range of float in step 4; the next step meets what came of it.
        c.scalars[static_cast<std::size_t>((4 * 2 + member) * rules::scalars_a_member + rules::ScalarRow::rule)] =
            std::numeric_limits<float>::infinity();
        const auto cpu = c.backend(1);
        const SegmentReport expected = cpu->run(c.segment());
        ASSERT_EQ(expected.steps_done, 5);
        const auto cuda = cuda_backend(c, card_number(static_cast<int>(member)));
        const SegmentReport report = cuda->run(c.segment());
        EXPECT_TRUE(report.frozen);
        EXPECT_EQ(report.steps_done, 5);
        EXPECT_EQ(report.frozen_member, member);
        const TrainingState<float> frozen = cuda->get_state();
        cuda->roll_back();
        EXPECT_TRUE(same_state(cuda->get_state(), c.start));
        cuda->run(c.part(0, 5));
        EXPECT_TRUE(same_bits(cuda->get_state().parameters, frozen.parameters)) << "the state before the step";
    }
}

TEST_F(CudaNetworkState, RunsAheadOfTheReports) {
    CaseShape shape = network_shape();
    shape.members = 1;
    shape.steps = 12;
    const Case<float> c(shape);
    std::vector<TrainingState<float>> expected = {c.start};
    {
        const auto one = cuda_backend(c, card_number(4));
        for (std::int64_t s = 0; s < 12; s += 3) {
            one->run(c.part(s, 3));
            expected.push_back(one->get_state());
        }
    }
    const auto cuda = cuda_backend(c, card_number(4, 3));
    ASSERT_EQ(cuda->most_started_steps(), 3);
    cuda->start(c.part(0, 3));
    for (std::size_t k = 1; k <= 4; ++k) {
        if (k < 4) cuda->start(c.part(3 * static_cast<std::int64_t>(k), 3));
        EXPECT_TRUE(same_state(cuda->get_state(), expected[k - 1])) << k;
        EXPECT_EQ(cuda->wait().steps_done, 3);
        EXPECT_TRUE(same_state(cuda->get_state(), expected[k])) << k;
    }
    cuda->start(c.part(0, 3));  // the wrong one
    cuda->discard();
    EXPECT_TRUE(same_state(cuda->get_state(), expected[4]));
}

TEST_F(CudaNetworkState, GoesOnWithOneOfSeveralMembersAsIfItHadBeenAlone) {
    for (const std::int64_t kept : {0, 2}) {
        CaseShape shape = network_shape();
        shape.members = 3;
        shape.steps = 6;
        Case<float> c(shape);
        auto cuda = cuda_backend(c, card_number(5));
        ASSERT_EQ(cuda->run(c.part(0, 3)).steps_done, 3);
        TrainingState<float> state = cuda->get_state();
        const std::int64_t count = c.problem.parameter_count();
        c.keep_member(kept);
        const auto cut = [&](std::vector<float>& v) { v = std::vector<float>(v.begin() + kept * count, v.begin() + (kept + 1) * count); };
        cut(state.parameters);
        for (auto& vector : state.state) cut(vector);
        ASSERT_TRUE(cuda->keep_members(c.problem));
        cuda->set_state(state);
        cuda->run(c.part(3, 3));
        const TrainingState<float> end = cuda->get_state();
        cuda.reset();
        EXPECT_TRUE(same_state(end, train_whole(c, card_number(5)).state)) << kept;
    }
}

TEST_F(CudaNetworkState, ScoresAsTheCpuWhereSumsAreExact) {
    for (const bool affine : {false, true})
        for (const std::int64_t rows : {1, 37, 200}) {
            CaseShape shape = network_shape();
            shape.rows = rows;
            shape.affine = affine;
            shape.dropout = 0;
            shape.padded_rows = true;
            Case<float> c(shape);
            c.problem.hidden.activation = rule_index<Relu>(ActivationRules{});
            const auto whole = [](std::vector<float>& values, float scale) {
                for (float& v : values)
                    if (v < 1e20F) v = std::floor(scale * v);
            };
            whole(c.features, 4);
            whole(c.start.parameters, 16);
            whole(c.scale, 2);
            whole(c.shift, 4);
            std::vector<float> on_cpu(static_cast<std::size_t>(rows * 3)), on_card(on_cpu.size()), alone(on_cpu.size());
            c.backend(1)->score(c.problem.features, c.start.parameters.data(), on_cpu);
            const auto cuda = cuda_backend(c, card_number(static_cast<int>(rows)));
            cuda->score(c.problem.features, c.start.parameters.data(), on_card);
            EXPECT_TRUE(same_bits(on_card, on_cpu)) << rows;
            score_on_card({.x = c.problem.features,
                           .affine = c.problem.affine,
                           .parameters = c.start.parameters.data(),
                           .outputs = 3,
                           .bias = true,
                           .hidden = c.problem.hidden},
                          alone);
            EXPECT_TRUE(same_bits(alone, on_cpu)) << rows;
        }
}

TEST_F(CudaNetworkState, SaysWhatRunsAndRefusesWhatItDoesNotCount) {
    const Case<float> c(network_shape());
    const std::string text = cuda_backend(c, card_number(0))->description();
    EXPECT_NE(text.find("a graph of 18 launches a step, 2 steps at a time"), std::string::npos) << text;
    EXPECT_NE(text.find("one update of 138 parameters"), std::string::npos) << text;
    EXPECT_NE(text.find("mostly the launches of the graph"), std::string::npos) << text;
    CaseShape shape = network_shape();
    Problem<float> large = c.problem;
    large.batches.order.rows = large.batches.batch_size = std::int64_t{1} << 32;
    const auto error = error_of([&] { cuda::make_cuda_backend_with(large, {}, {.network = cuda::NetworkFamily::graph}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device);
    EXPECT_NE(std::string(error->what()).find("take smaller batches"), std::string::npos) << error->what();
}

}  // namespace
}  // namespace glissade::testing
