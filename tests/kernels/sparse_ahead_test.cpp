// SPDX-License-Identifier: Apache-2.0
// Segments on sparse rows that are set off before the report of the last is read: the same bits, history and ends as one at a time.
#include <gtest/gtest.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/kernels/run_ahead.hpp"
#include "tests/kernels/sparse_compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaSparseAhead : public CudaTest {};

SparseTrial ahead_trial(const char* optimizer) {
    SparseTrial trial{optimizer, Optimizer::named(optimizer)};
    trial.l2 = std::string_view(optimizer) == "ftrl" ? 0 : .05;
    trial.rates = {.02};
    trial.rows = 28;
    trial.epochs = 3;
    return trial;
}

/// The states after 0, 3, 6 ... steps of a case.
std::vector<TrainingState<float>> sparse_states_on_cpu(const SparseCase<float>& c, std::int64_t steps) {
    const auto cpu = c.backend(1);
    std::vector<TrainingState<float>> states = {cpu->get_state()};
    for (std::int64_t s = 0; s < steps; s += 3) {
        cpu->run(c.part(s, 3));
        states.push_back(cpu->get_state());
    }
    return states;
}

TEST_F(CudaSparseAhead, ShowsTheStateThatTheLastReportSpeaksOf) {
    int n = 0;
    for (const char* name : {"sgd", "rmsprop", "ftrl", "adam"}) {
        const SparseCase<float> c(ahead_trial(name));
        const auto expected = sparse_states_on_cpu(c, 12);
        SparsePlacement p = sparse_placement(n++);
        p.wishes.table_steps = 3;
        if (n % 2 == 0) p.wishes.latest_clock = cuda::most_age + 4;  // stamps move down on the way
        const auto cuda = sparse_backend(c, p);
        ASSERT_EQ(cuda->most_started_steps(), 3);
        cuda->start(c.part(0, 3));
        for (std::int64_t k = 1; k <= 4; ++k) {
            if (k < 4) cuda->start(c.part(3 * k, 3));
            if (n > 2) {
                ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);  // so that all of it is over before anybody looks
            }
            EXPECT_TRUE(equal_states(cuda->get_state(), expected[static_cast<std::size_t>(k - 1)])) << p.text() << ", before report " << k;
            EXPECT_EQ(cuda->wait().steps_done, 3);
            EXPECT_TRUE(equal_states(cuda->get_state(), expected[static_cast<std::size_t>(k)])) << p.text() << ", after report " << k;
        }
    }
}

TEST_F(CudaSparseAhead, ForgetsTheYoungestSegment) {
    int n = 0;
    for (const char* name : {"sgd", "rmsprop", "ftrl"}) {
        const SparseCase<float> c(ahead_trial(name));
        const auto expected = sparse_states_on_cpu(c, 12);
        const auto cuda = sparse_backend(c, sparse_placement(n++));
        cuda->start(c.part(0, 3));
        cuda->start(c.part(9, 3));  // the wrong one
        cuda->wait();
        cuda->discard();
        EXPECT_TRUE(equal_states(cuda->get_state(), expected[1])) << name;
        cuda->start(c.part(3, 3));
        cuda->start(c.part(6, 3));
        cuda->wait();
        EXPECT_TRUE(equal_states(cuda->get_state(), expected[2])) << name;
        cuda->wait();
        EXPECT_TRUE(equal_states(cuda->get_state(), expected[3])) << name;
        cuda->roll_back();
        EXPECT_TRUE(equal_states(cuda->get_state(), expected[2])) << name;
        EXPECT_EQ(cuda->run(c.part(6, 3)).steps_done, 3);
        EXPECT_TRUE(equal_states(cuda->get_state(), expected[3])) << name;
    }
}

/// The one before it keeps its table: its report is read afterwards.
TEST_F(CudaSparseAhead, ForgetsASegmentBehindOneThatIsUnderWay) {
    const SparseCase<float> c(ahead_trial("rmsprop"));
    const auto cpu = c.backend(1), cuda = sparse_backend(c, sparse_placement(2));
    cuda->start(c.part(0, 3));
    cuda->start(c.part(9, 3));  // the wrong one
    cuda->discard();
    cuda->start(c.part(3, 3));
    for (const std::int64_t first : {0, 3}) {
        const SegmentReport expected = cpu->run(c.part(first, 3));
        EXPECT_TRUE(equal_reports(cuda->wait(), expected)) << "from step " << first;
        EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << "from step " << first;
    }
}

TEST_F(CudaSparseAhead, FreezesWhileTheNextSegmentIsUnderWay) {
    int n = 0;
    for (const char* name : {"sgd", "rmsprop", "ftrl"})
        for (const std::uint32_t clock : {cuda::most_age + 5, 1U << 31}) {
            SparseTrial trial = ahead_trial(name);
            trial.clip_norm = n % 2 == 0 ? .5 : 0;
            SparseCase<float> c(trial);
            constexpr std::int64_t bad_row = 10;  // in the second batch of each epoch: steps 1, 5 and 9
            c.values[static_cast<std::size_t>(c.problem.sparse.offsets[bad_row])] = std::numeric_limits<float>::infinity();
            const auto cpu = c.backend(1);
            cpu->run(c.part(2, 2));
            const SegmentReport expected = cpu->run(c.part(4, 3));
            ASSERT_TRUE(expected.frozen);
            ASSERT_EQ(expected.steps_done, 1);
            SparsePlacement p = sparse_placement(n++);
            p.wishes.latest_clock = clock;
            p.wishes.table_steps = 7;
            const auto cuda = sparse_backend(c, p);
            cuda->run(c.part(2, 2));
            cuda->start(c.part(4, 3));
            cuda->start(c.part(7, 2));
            EXPECT_TRUE(equal_reports(cuda->wait(), expected)) << name;
            cuda->discard();
            EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name;
            cpu->run(c.part(6, 3));  // nothing of the step that was not taken is left over
            cuda->start(c.part(6, 3));
            EXPECT_EQ(cuda->wait().steps_done, 3);
            EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name << ", the steps after";
        }
}

TEST_F(CudaSparseAhead, TakesTwoSegmentsAtATime) {
    const SparseCase<float> c(ahead_trial("adagrad"));
    const auto cuda = sparse_backend(c, sparse_placement(1));
    const auto is_refused = [](const std::function<void()>& action) {
        const auto error = error_of(action);
        return error && error->kind() == ErrorKind::internal;
    };
    EXPECT_TRUE(is_refused([&] { cuda->wait(); }));
    EXPECT_TRUE(is_refused([&] { cuda->discard(); }));
    EXPECT_TRUE(is_refused([&] { cuda->start(c.part(0, cuda->most_started_steps() + 1)); }));
    cuda->start(c.part(0, 3));
    cuda->start(c.part(3, 3));
    EXPECT_TRUE(is_refused([&] { cuda->start(c.part(6, 3)); }));
    EXPECT_TRUE(is_refused([&] { cuda->run(c.part(6, 3)); }));
    EXPECT_TRUE(is_refused([&] { cuda->set_state(c.start); }));
    EXPECT_TRUE(is_refused([&] { cuda->roll_back(); }));
}

TrainOptions ahead_options(const char* optimizer) {
    TrainOptions options;
    options.loss = "logistic";
    options.optimizer = Optimizer::named(optimizer);
    options.epochs = 4;
    options.batch_size = 10;
    return options;
}

TEST_F(CudaSparseAhead, EndsAsRunsDoThatWaitForEachReport) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 9);
    TrainOptions options = ahead_options("rmsprop");
    expect_same_ends(problem.dataset(), options, StopReason::finished);
    options.optimizer = Optimizer::named("sgd");
    options.l2 = .1;
    options.max_steps = 17;
    expect_same_ends(problem.dataset(), options, StopReason::max_steps);
    options.max_steps = 0;
    options.on_segment = [](const Progress& progress) { return progress.step >= 9 ? Control::stop : Control::go_on; };
    expect_same_ends(problem.dataset(), options, StopReason::callback);
    options.on_segment = nullptr;
    options.validation = held_out.dataset(true);
    options.optimizer.set("lr", 2);
    options.epochs = 30;
    options.patience = 2;
    expect_same_ends(problem.dataset(), options, StopReason::patience);
    options.patience = 0;
    options.epochs = 5;
    options.schedule = "plateau:patience=1";
    expect_same_ends(problem.dataset(), options, StopReason::finished);
}

TEST_F(CudaSparseAhead, LosesAMemberThatDivergesOrStalls) {
    const SparseProblem<float> problem(45, 20, 0, 3), held_out(30, 20, 0, 4);
    TrainOptions options = ahead_options("sgd");
    options.loss = "squared";
    options.schedule = "constant";
    for (const double rate : {8., 1e3}) {
        options.members = {{Sgd{.lr = .01}}, {Sgd{.lr = rate}}, {Sgd{.lr = .02}}};
        expect_same_ends(problem.dataset(), options, StopReason::finished);
    }
    options.epochs = 12;
    options.validation = held_out.dataset();
    options.patience = 1;
    options.members = {{Sgd{.lr = .001}}, {Sgd{.lr = .2}}, {Sgd{.lr = .002}}};
    options.device = "cpu";
    const auto cpu = train(problem.dataset(), options);
    ASSERT_NE(cpu.members[1].history.size(), cpu.members[0].history.size());
    expect_same_ends(problem.dataset(), options, cpu.stop);
}

TEST_F(CudaSparseAhead, GoesOnFromItsCheckpointsBitForBit) {
    const SparseProblem<float> problem(45, 20, 2, 3);
    TrainOptions options = ahead_options("ftrl");
    expect_to_go_on_from_checkpoints(problem.dataset(), options);
}

}  // namespace
}  // namespace glissade::testing
