// SPDX-License-Identifier: Apache-2.0
// Runs on sparse rows that are cut, frozen, rolled back and taken from one backend to the other.
#include <gtest/gtest.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/kernels/sparse_compare.hpp"

namespace glissade::testing {
namespace {

class CudaSparseState : public CudaTest {};

TEST_F(CudaSparseState, ComesBackAsItWasSetAfterAnyNumberOfSteps) {
    int n = 0;
    for (const SparseTrial& trial : sparse_trials()) {
        if (++n % 12 != 0) continue;
        const SparseCase<float> c(trial);
        const auto cpu = c.backend(1);
        cpu->run(c.part(0, 5));
        const auto cuda = sparse_backend(c, sparse_placement(n));
        EXPECT_TRUE(equal_states(cuda->get_state(), c.start)) << trial.label;
        cuda->set_state(cpu->get_state());
        EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << trial.label;
    }
}

/// As a run that is stopped and resumed on the other backend.
TEST_F(CudaSparseState, GoesOnExactlyOnTheOtherBackendAndInSegmentsOfAnyLength) {
    int n = 0;
    for (const auto name : {"sgd", "adagrad", "ftrl", "rmsprop", "adadelta", "lazy_adam", "adam"})
        for (const double l2 : {0.0, .05}) {
            SparseTrial trial{name, Optimizer::named(name)};
            trial.l2 = l2;
            trial.l1 = std::string_view(name) == "sgd" ? .01 : 0;
            trial.schedule = "exponential:gamma=.99";
            trial.epochs = 2;
            const SparseCase<float> c(trial);
            const auto whole = c.backend(1);
            whole->run(c.part(0, c.steps()));
            const auto cuda = sparse_backend(c, sparse_placement(n++));
            const auto cpu = c.backend(1);
            std::int64_t at = 0;
            for (const std::int64_t steps : {1, 0, 4, 5, 1}) {
                cuda->run(c.part(at, steps));
                cpu->set_state(cuda->get_state());
                cpu->run(c.part(at + steps, 1));
                cuda->set_state(cpu->get_state());
                at += steps + 1;
            }
            ASSERT_LT(at, c.steps());
            cuda->run(c.part(at, c.steps() - at));
            EXPECT_TRUE(equal_states(cuda->get_state(), whole->get_state())) << name << ", l2 " << l2;
        }
}

TEST_F(CudaSparseState, MovesItsClockBackWithoutAChange) {
    int n = 0;
    for (const auto name : {"rmsprop", "adadelta", "lazy_adam", "sgd"}) {
        const SparseTrial trial{name, Optimizer::named(name)};
        const SparseCase<float> c(trial);
        const auto cpu = c.backend(1);
        SparsePlacement p = sparse_placement(n++);
        p.wishes.latest_clock = cuda::most_age + 3;
        const auto cuda = sparse_backend(c, p);
        for (std::int64_t step = 0; step < c.steps(); step += 2) {
            cpu->run(c.part(step, std::min<std::int64_t>(2, c.steps() - step)));
            cuda->run(c.part(step, std::min<std::int64_t>(2, c.steps() - step)));
        }
        EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name;
    }
}

TEST_F(CudaSparseState, FreezesBeforeTheStepWithASumThatIsNotFinite) {
    int n = 0;
    for (const auto name : {"sgd", "rmsprop", "ftrl", "adam"})
        for (const bool clips : {false, true}) {
            SparseTrial trial = large_sparse_trial(Optimizer::named(name));
            trial.shuffle = Shuffle::none;
            trial.clip_norm = clips ? .5 : 0;
            trial.rates = {.02};
            SparseCase<float> c(trial);
            c.values[static_cast<std::size_t>(c.problem.sparse.offsets[200])] = std::numeric_limits<float>::infinity();  // in batch 2
            const auto cpu = c.backend(1);
            const auto cuda = sparse_backend(c, sparse_placement(n++));
            EXPECT_TRUE(equal_reports(cuda->run(c.part(0, 3)), cpu->run(c.part(0, 3)))) << name;
            EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name;
            cpu->run(c.part(2, 1));  // nothing of the step that was not taken is left over
            const SegmentReport after = cuda->run(c.part(2, 1));
            EXPECT_EQ(after.steps_done, 1);
            EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name << ", the step after";
        }
}

/// The sum of a column may be infinite though no score and no loss is.
TEST_F(CudaSparseState, FreezesForTheFirstMemberWhoseColumnIsNotFinite) {
    for (const int bad : {0, 1}) {
        SparseTrial trial{"squared", Sgd{.lr = 1e-3}, "squared"};
        trial.rates = {1e-4};
        trial.shuffle = Shuffle::none;
        SparseCase<float> c(trial);
        const auto at = static_cast<std::size_t>(c.problem.sparse.offsets[20]);
        const std::uint32_t column = c.problem.sparse.indices[at];
        c.values[at] = 1e36F;
        for (std::int64_t m = 0; m < 2; ++m)
            c.start.parameters[static_cast<std::size_t>(m * c.problem.parameter_count() + column)] = m == bad ? 1e-30F : 0.0F;
        c.targets[20] = 0;
        const auto cpu = c.backend(1);
        const auto cuda = sparse_backend(c, sparse_placement(bad));
        const SegmentReport expected = cpu->run(c.part(2, 1));  // rows 14 to 20
        ASSERT_TRUE(expected.frozen);
        EXPECT_EQ(expected.frozen_member, bad);
        EXPECT_TRUE(equal_reports(cuda->run(c.part(2, 1)), expected));
        EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state()));
    }
}

TEST_F(CudaSparseState, RollsBackTheLastSegment) {
    int n = 0;
    for (const auto name : {"sgd", "rmsprop", "ftrl", "adam"}) {
        SparseTrial trial{name, Optimizer::named(name)};
        trial.l2 = .05;
        const SparseCase<float> c(trial);
        const auto cuda = sparse_backend(c, sparse_placement(n++));
        EXPECT_THROW(cuda->roll_back(), Error);
        cuda->run(c.part(0, 5));
        const auto before = cuda->get_state();
        cuda->run(c.part(5, 9));
        cuda->roll_back();
        EXPECT_TRUE(equal_states(cuda->get_state(), before)) << name;
        EXPECT_THROW(cuda->roll_back(), Error);
        cuda->run(c.part(5, 2));
        const auto cpu = c.backend(1);
        cpu->run(c.part(0, 7));
        EXPECT_TRUE(equal_states(cuda->get_state(), cpu->get_state())) << name;
    }
}

TEST_F(CudaSparseState, RefusesAStateOfAnotherShapeAndDenseRows) {
    const SparseCase<float> c(SparseTrial{"adagrad", Adagrad{}});
    const auto cuda = sparse_backend(c, sparse_placement(0));
    TrainingState<float> state = c.start;
    state.waiting.clear();
    EXPECT_THROW(cuda->set_state(state), Error);
    state = c.start;
    state.parameters.pop_back();
    EXPECT_THROW(cuda->set_state(state), Error);
    std::vector<float> scores(1);
    EXPECT_THROW(cuda->score(MatrixView<const float>{}, c.start.parameters.data(), scores), Error);
    EXPECT_THROW(cuda->score(c.problem.sparse, c.start.parameters.data(), scores), Error);
}

}  // namespace
}  // namespace glissade::testing
