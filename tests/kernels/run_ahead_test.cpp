// SPDX-License-Identifier: Apache-2.0
// Segments that are set off before the report of the last is read: the same bits, history and ends as one at a time.
#include <gtest/gtest.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/kernels/run_ahead.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaRunAhead : public CudaTest {};

CaseShape shape_of_steps(std::int64_t steps) {
    CaseShape shape{.rows = 60, .columns = 7, .members = 2, .batch = 20, .steps = steps, .rule = rule_index<Adam>(UpdateRules{})};
    shape.rate = .02;
    return shape;
}

/// The states after 0, 3, 6 ... steps of a case.
std::vector<TrainingState<float>> states_on_cpu(const Case<float>& c, std::int64_t steps) {
    const auto cpu = c.backend(1);
    std::vector<TrainingState<float>> states = {cpu->get_state()};
    for (std::int64_t s = 0; s < steps; s += 3) {
        cpu->run(c.part(s, 3));
        states.push_back(cpu->get_state());
    }
    return states;
}

TEST_F(CudaRunAhead, ShowsTheStateThatTheLastReportSpeaksOf) {
    const Case<float> c(shape_of_steps(12));
    const auto expected = states_on_cpu(c, 12);
    for (int n = 0; n < 4; ++n) {
        Placement p = placement(n);
        p.wishes.table_steps = 3;
        const auto cuda = cuda_backend(c, p);
        ASSERT_EQ(cuda->most_started_steps(), 3);
        cuda->start(c.part(0, 3));
        for (std::int64_t k = 1; k <= 4; ++k) {
            if (k < 4) cuda->start(c.part(3 * k, 3));
            EXPECT_TRUE(same_state(cuda->get_state(), expected[static_cast<std::size_t>(k - 1)])) << p << ", before report " << k;
            EXPECT_EQ(cuda->wait().steps_done, 3);
            EXPECT_TRUE(same_state(cuda->get_state(), expected[static_cast<std::size_t>(k)])) << p << ", after report " << k;
        }
    }
}

TEST_F(CudaRunAhead, ForgetsTheYoungestSegment) {
    const Case<float> c(shape_of_steps(12));
    const auto expected = states_on_cpu(c, 12);
    const auto cuda = cuda_backend(c, placement(1));
    cuda->start(c.part(0, 3));
    cuda->start(c.part(9, 3));  // the wrong one
    cuda->wait();
    cuda->discard();
    EXPECT_TRUE(same_state(cuda->get_state(), expected[1]));
    cuda->start(c.part(3, 3));
    cuda->start(c.part(6, 3));
    cuda->wait();
    EXPECT_TRUE(same_state(cuda->get_state(), expected[2]));
    cuda->wait();
    EXPECT_TRUE(same_state(cuda->get_state(), expected[3]));
    cuda->roll_back();
    EXPECT_TRUE(same_state(cuda->get_state(), expected[2]));
    EXPECT_EQ(cuda->run(c.part(6, 3)).steps_done, 3);
    EXPECT_TRUE(same_state(cuda->get_state(), expected[3]));
}

TEST_F(CudaRunAhead, FreezesWhileTheNextSegmentIsUnderWay) {
    Case<float> c(shape_of_steps(9));
    c.scalars[static_cast<std::size_t>(4 * 2 * rules::scalars_a_member + rules::ScalarRow::rule)] = std::numeric_limits<float>::infinity();
    const auto cpu = c.backend(1);
    cpu->run(c.part(0, 3));
    const SegmentReport expected = cpu->run(c.part(3, 3));
    ASSERT_TRUE(expected.frozen);
    ASSERT_EQ(expected.steps_done, 2);
    const auto cuda = cuda_backend(c, placement(1));
    cuda->run(c.part(0, 3));
    cuda->start(c.part(3, 3));
    cuda->start(c.part(6, 3));
    EXPECT_TRUE(same_report(cuda->wait(), expected));
    cuda->discard();
    EXPECT_TRUE(same_bits(cuda->get_state().parameters, cpu->get_state().parameters));
}

TEST_F(CudaRunAhead, TakesTwoSegmentsAtATime) {
    const Case<float> c(shape_of_steps(9));
    const auto cuda = cuda_backend(c, placement(1));
    const auto is_refused = [](const std::function<void()>& action) {
        const auto error = error_of(action);
        return error && error->kind() == ErrorKind::internal;
    };
    EXPECT_TRUE(is_refused([&] { cuda->wait(); }));
    EXPECT_TRUE(is_refused([&] { cuda->discard(); }));
    cuda->start(c.part(0, 3));
    cuda->start(c.part(3, 3));
    EXPECT_TRUE(is_refused([&] { cuda->start(c.part(6, 3)); }));
    EXPECT_TRUE(is_refused([&] { cuda->run(c.part(6, 3)); }));
    EXPECT_TRUE(is_refused([&] { cuda->set_state(c.start); }));
    EXPECT_TRUE(is_refused([&] { cuda->roll_back(); }));
}

TrainOptions run_of(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.epochs = 6;
    options.batch_size = 15;
    return options;
}

TEST_F(CudaRunAhead, EndsAsRunsDoThatWaitForEachReport) {
    const RandomProblem<float> problem(70, 5, 2, 3), held_out(40, 5, 2, 9);
    TrainOptions options = run_of("logistic");
    options.optimizer = Optimizer::named("nadam");  // carries a product from step to step
    options.average = {AverageKind::exponential, .9};
    expect_same_ends(problem.dataset(), options, StopReason::finished);
    options.average = {};
    options.max_steps = 17;
    expect_same_ends(problem.dataset(), options, StopReason::max_steps);
    options.max_steps = 0;
    options.on_segment = [](const Progress& progress) { return progress.step >= 9 ? Control::stop : Control::go_on; };
    expect_same_ends(problem.dataset(), options, StopReason::callback);
    options.on_segment = nullptr;
    options.validation = held_out.dataset();
    options.optimizer.set("lr", .5);
    options.epochs = 30;
    options.patience = 2;
    expect_same_ends(problem.dataset(), options, StopReason::patience);
    options.patience = 0;
    options.tol = 1e-1;
    expect_same_ends(problem.dataset(), options, StopReason::tol);
    options.tol = 0;
    options.epochs = 8;
    options.schedule = "plateau:patience=1";
    expect_same_ends(problem.dataset(), options, StopReason::finished);
}

TEST_F(CudaRunAhead, LosesAMemberInAnySegment) {
    const RandomProblem<float> problem(70, 5, 0, 3);
    TrainOptions options = run_of("squared");
    options.schedule = "constant";
    for (const double rate : {8., 30., 1e3, 1e6}) {
        options.members.clear();
        for (const double lr : {.01, rate, .02}) {
            Member member;
            member.optimizer = Optimizer::named("sgd");
            member.optimizer.set("lr", lr);
            options.members.push_back(member);
        }
        expect_same_ends(problem.dataset(), options, StopReason::finished);
    }
    options.members.erase(options.members.begin() + 2);
    options.members.erase(options.members.begin());
    expect_same_ends(problem.dataset(), options, StopReason::diverged);
}

TEST_F(CudaRunAhead, LosesAMemberThatStallsWhileOthersGoOn) {
    const RandomProblem<float> problem(70, 5, 2, 3), held_out(40, 5, 2, 9);
    TrainOptions options = run_of("logistic");
    options.epochs = 10;
    options.validation = held_out.dataset();
    options.patience = 1;
    options.batch_size = 35;  // few steps, while the product is still far from 0
    for (const double lr : {.01, 2., .02}) {
        Member member;
        member.optimizer = Optimizer::named("nadam");  // carries a product from step to step
        member.optimizer.set("lr", lr);
        options.members.push_back(member);
    }
    options.device = "cpu";
    const auto cpu = train(problem.dataset(), options);
    ASSERT_LT(cpu.members[1].history.size(), cpu.members[0].history.size());
    expect_same_ends(problem.dataset(), options, cpu.stop);
}

TEST_F(CudaRunAhead, GoesOnFromItsCheckpointsBitForBit) {
    const RandomProblem<float> problem(70, 5, 2, 3);
    TrainOptions options = run_of("logistic");
    options.optimizer = Optimizer::named("nadam");
    expect_to_go_on_from_checkpoints(problem.dataset(), options);
}

}  // namespace
}  // namespace glissade::testing
