// SPDX-License-Identifier: Apache-2.0
// Segments cut, frozen and rolled back; scores.
#include <gtest/gtest.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/kernels/score_on_card.hpp"

namespace glissade::testing {
namespace {

class CudaState : public CudaTest {};

CaseShape some_shape() {
    CaseShape shape{
        .rows = 90, .columns = 11, .outputs = 2, .members = 2, .batch = 40, .steps = 9, .loss = rule_index<Softmax>(LossRules{})};
    shape.rule = rule_index<RmsProp>(UpdateRules{});
    shape.variant = 3;
    shape.rate = .02;
    return shape;
}

TEST_F(CudaState, ComesBackAsItWasSet) {
    const Case<float> c(some_shape());
    for (int n = 0; n < 4; ++n) EXPECT_TRUE(same_state(cuda_backend(c, placement(n))->get_state(), c.start)) << placement(n);
}

TEST_F(CudaState, DoesNotDependOnWhereSegmentsAreCut) {
    const Case<float> c(some_shape());
    for (int n = 0; n < 4; ++n) {
        TrainingState<float> expected;
        {
            const auto whole = cuda_backend(c, placement(n));
            whole->run(c.segment());
            expected = whole->get_state();
        }
        const auto cut = cuda_backend(c, placement(n));
        std::int64_t at = 0;
        for (const std::int64_t steps : {1, 0, 4, 2, 2}) {
            EXPECT_EQ(cut->run(c.part(at, steps)).steps_done, steps);
            at += steps;
        }
        EXPECT_TRUE(same_state(cut->get_state(), expected)) << placement(n);
    }
}

TEST_F(CudaState, RollsBackTheLastSegment) {
    const Case<float> c(some_shape());
    for (int n = 0; n < 4; ++n) {
        const auto cuda = cuda_backend(c, placement(n));
        cuda->run(c.part(0, 4));
        const TrainingState<float> kept = cuda->get_state();
        cuda->run(c.part(4, 5));
        const TrainingState<float> end = cuda->get_state();
        ASSERT_FALSE(same_state(kept, end));
        cuda->roll_back();
        EXPECT_TRUE(same_state(cuda->get_state(), kept)) << placement(n);
        cuda->run(c.part(4, 5));
        EXPECT_TRUE(same_state(cuda->get_state(), end)) << placement(n);
    }
}

TEST_F(CudaState, FreezesBeforeTheFirstStepWithASumThatIsNotFinite) {
    for (int n = 0; n < 7; ++n) {
        Case<float> c(some_shape());
        // One member's rate leaves the range of float in step 4; the next step meets what came of it.
        const std::int64_t member = n % 2;
        c.scalars[static_cast<std::size_t>((4 * 2 + member) * rules::scalars_a_member + rules::ScalarRow::rule)] =
            std::numeric_limits<float>::infinity();
        const auto cpu = c.backend(1);
        const SegmentReport expected = cpu->run(c.segment());
        ASSERT_TRUE(expected.frozen);
        ASSERT_EQ(expected.steps_done, 5);
        ASSERT_EQ(expected.frozen_member, member);
        const auto cuda = cuda_backend(c, placement(n));
        EXPECT_TRUE(same_report(cuda->run(c.segment()), expected)) << placement(n);
        EXPECT_TRUE(same_bits(cuda->get_state().parameters, cpu->get_state().parameters)) << placement(n);
        cuda->roll_back();
        EXPECT_TRUE(same_state(cuda->get_state(), c.start)) << placement(n);
    }
}

TEST_F(CudaState, FreezesOnALossThatIsNotFiniteWhileGradientsAre) {
    for (int n = 0; n < 4; ++n) {
        CaseShape shape{.rows = 40, .columns = 3, .members = 2, .batch = 40, .steps = 2, .loss = rule_index<Squared>(LossRules{})};
        Case<float> c(shape);
        c.targets[17] = 4e19f;  // half its square overflows, the slope does not
        const auto cuda = cuda_backend(c, placement(n));
        const SegmentReport report = cuda->run(c.segment());
        EXPECT_TRUE(report.frozen);
        EXPECT_EQ(report.steps_done, 0);
        EXPECT_EQ(report.frozen_member, 0);
        EXPECT_TRUE(same_state(cuda->get_state(), c.start));
    }
}

TEST_F(CudaState, GoesOnWithOneOfSeveralMembersAsIfItHadBeenAlone) {
    for (int n = 0; n < 8; ++n) {
        CaseShape shape = some_shape();
        shape.members = 3;
        Case<float> c(shape);
        const auto cuda = cuda_backend(c, placement(n));
        ASSERT_EQ(cuda->run(c.part(0, 4)).steps_done, 4);
        TrainingState<float> state = cuda->get_state();
        const std::int64_t kept = n % 3, count = c.problem.parameter_count();
        c.keep_member(kept);
        const auto cut = [&](std::vector<float>& v) { v = std::vector<float>(v.begin() + kept * count, v.begin() + (kept + 1) * count); };
        cut(state.parameters);
        for (auto& vector : state.state) cut(vector);
        ASSERT_TRUE(cuda->keep_members(c.problem));
        cuda->set_state(state);
        const auto cpu = c.backend(1);
        cpu->run(c.segment());
        EXPECT_EQ(cuda->run(c.part(4, 5)).steps_done, 5);
        EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state())) << placement(n);
    }
}

TEST_F(CudaState, RefusesAStateOfAnotherShape) {
    const Case<float> c(some_shape());
    const auto cuda = cuda_backend(c, placement(0));
    TrainingState<float> other = c.start;
    other.state.pop_back();
    try {
        cuda->set_state(other);
        FAIL() << "taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::internal);
    }
}

class CudaScores : public CudaTest {};

TEST_F(CudaScores, EqualThoseOfTheCpuBitForBit) {
    int n = 0;
    for (const std::int64_t columns : {1, 33, 64, 100})
        for (const bool affine : {false, true}) {
            CaseShape shape{.rows = 40, .columns = columns, .outputs = 3, .members = 2, .loss = rule_index<Softmax>(LossRules{})};
            shape.affine = affine;
            shape.bias = n % 3 != 0;
            shape.padded_rows = n % 2 == 0;
            const Case<float> c(shape);
            std::vector<float> expected(static_cast<std::size_t>(40 * 3)), found(expected.size());
            const float* parameters = c.start.parameters.data() + c.problem.parameter_count();  // of the second member
            c.backend(1)->score(c.problem.features, parameters, expected);
            cuda_backend(c, placement(n++))->score(c.problem.features, parameters, found);
            EXPECT_TRUE(same_bits(found, expected)) << shape;
            std::fill(found.begin(), found.end(), 0.0f);
            score_on_card({c.problem.features, c.problem.affine, parameters, 3, shape.bias}, found);
            EXPECT_TRUE(same_bits(found, expected)) << shape << ", without training";
        }
}

TEST_F(CudaScores, OfNoRowsAreNone) {
    const Case<float> c(some_shape());
    std::vector<float> none;
    cuda_backend(c, placement(0))->score(MatrixView<const float>(c.features.data(), 0, 11), c.start.parameters.data(), none);
}

TEST_F(CudaScores, LeaveTrainingAlone) {
    const Case<float> c(some_shape());
    const auto cpu = c.backend(1);
    cpu->run(c.segment());
    const auto cuda = cuda_backend(c, placement(0));
    std::vector<float> scores(static_cast<std::size_t>(90 * 2));
    cuda->run(c.part(0, 4));
    cuda->score(c.problem.features, c.start.parameters.data(), scores);
    cuda->run(c.part(4, 5));
    EXPECT_TRUE(same_state(cuda->get_state(), cpu->get_state()));
}

}  // namespace
}  // namespace glissade::testing
