// SPDX-License-Identifier: Apache-2.0
// Gradients of sparse rows by atomics, where a run may differ from itself: as near to the reference as the computed bound says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "tests/kernels/sparse_compare.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaSparseAtomic : public CudaTest {};

std::unique_ptr<cuda::SparseBackend> atomic_backend(SparseCase<float>& c, const SparsePlacement& p) {
    c.problem.nondeterministic = true;
    return sparse_backend(c, p);
}

/// One member's parameters after all steps, against the reference's within what roundings may do.
void expect_near_reference(const SparseCase<float>& c, const TrainingState<float>& state, std::int64_t member, const std::string& label) {
    const auto problem = c.reference_problem();
    const auto settings = c.reference_settings();
    const auto steps = c.reference_steps();
    const auto start = c.reference_start();
    const auto truth = reference::train(problem, settings, steps, start);
    const auto bounds = reference::error_bounds(problem, settings, steps, start, reference::float32_unit);
    const double bound = bounds.worst_parameter();
    ASSERT_LT(bound, 1e6 * reference::float32_unit) << label << ": the bound says nothing";
    const std::vector<float> found = settled_parameters(c.problem, state, member);
    const std::vector<double>& wanted = truth.parameters.back();
    ASSERT_EQ(found.size(), wanted.size()) << label;
    double worst = 0;
    for (std::size_t j = 0; j < wanted.size(); ++j) worst = std::max(worst, std::abs(static_cast<double>(found[j]) - wanted[j]));
    EXPECT_LE(worst, bound) << label;
    EXPECT_NE(wanted, start) << label << ": nothing was trained";
}

TEST_F(CudaSparseAtomic, StaysWithinTheBoundForEveryWayOfWaiting) {
    int n = 0;
    for (const char* name : {"sgd", "adagrad", "ftrl", "rmsprop", "adadelta", "lazy_adam", "adam"})
        for (const char* loss : {"logistic", "softmax"}) {
            SparseTrial trial{std::string(name) + ", " + loss, Optimizer::named(name), loss};
            trial.optimizer.set("lr", trial.optimizer.get("lr") / 4);
            trial.l2 = n % 3 == 0 && std::string_view(name) != "ftrl" ? .02 : 0;
            trial.weighted = trial.scaled = n % 2 == 0;
            trial.rows = 40;
            trial.batch = 18;
            trial.epochs = 2;
            SparseCase<float> c(trial);
            const SparsePlacement p = sparse_placement(n++);
            const auto cuda = atomic_backend(c, p);
            ASSERT_TRUE(cuda->plan().by_atomics);
            EXPECT_FALSE(cuda->run(c.part(0, c.steps())).frozen);
            expect_near_reference(c, cuda->get_state(), 0, trial.label + "; " + p.text());
        }
}

TEST_F(CudaSparseAtomic, IsPredictedByTheRateThatWasMeasured) {
    SparseCase<float> c(SparseTrial{"plan"});
    const double entries =
        static_cast<double>(c.problem.sparse.nonzeros() * c.problem.batches.rows(0)) / static_cast<double>(c.problem.sparse.rows);
    cuda::Card card;
    card.facts.name = "made up";
    card.facts.multiprocessors = 8;
    card.facts.free_bytes = std::int64_t{1} << 30;
    card.memory_bytes_a_second = 0x1p40;
    const auto plan = [&](bool atomics, double adds) {
        CardMeasures measured;
        measured.name = "made up";
        measured.read_bytes_per_second = 0x1p40;
        measured.scattered_adds_per_second = adds;
        BackendLimits limits;
        limits.calibration.cards = {measured};
        c.problem.nondeterministic = atomics;
        return cuda::plan_sparse_card(c.problem, card, limits, {});
    };
    const double usual = plan(true, 0).prediction.seconds;
    EXPECT_EQ(plan(true, 0x1p40 / 64).prediction.seconds, usual) << "a sector of 32 bytes read and written";
    EXPECT_GT(plan(true, 1).prediction.seconds, entries);
    EXPECT_LT(plan(true, 1).prediction.seconds, entries + usual);
    EXPECT_EQ(plan(true, 1).bytes_a_nonzero, plan(true, 0).bytes_a_nonzero) << "slow atomics move no more bytes";
    EXPECT_STREQ(plan(true, 1).prediction.bound_by, "columns out of order");
    EXPECT_EQ(plan(false, 1).prediction.seconds, plan(false, 0).prediction.seconds) << "a sort has no atomics";
}

TEST_F(CudaSparseAtomic, StaysWithinTheBoundForEachMember) {
    SparseTrial trial{"members", Adagrad{.lr = .05}};
    trial.rates = {.02};
    trial.epochs = 2;
    SparseCase<float> c(trial);
    const auto cuda = atomic_backend(c, sparse_placement(3));
    EXPECT_FALSE(cuda->run(c.part(0, c.steps())).frozen);
    const TrainingState<float> state = cuda->get_state();
    for (const std::int64_t member : {0, 1}) {
        SparseTrial alone{"member " + std::to_string(member), Adagrad{.lr = member == 0 ? .05 : .02}};
        alone.epochs = 2;
        const SparseCase<float> of_member(alone);
        const auto count = static_cast<std::ptrdiff_t>(c.problem.parameter_count());
        TrainingState<float> its;
        its.parameters.assign(state.parameters.begin() + member * count, state.parameters.begin() + (member + 1) * count);
        its.waiting = waiting_at_start(1);
        its.state = of_member.start.state;
        expect_near_reference(of_member, its, 0, alone.label);
    }
}

/// The order of the threads is another in each, as it is on a card.
TEST_F(CudaSparseAtomic, MayDifferFromOneRunToTheNextWhileTheSortDoesNot) {
    const auto differ = [](bool atomics) {
        SparseTrial trial = large_sparse_trial(Sgd{.lr = .1});
        trial.epochs = 1;
        SparseCase<float> c(trial);
        c.problem.nondeterministic = atomics;
        std::vector<std::vector<float>> found;
        for (const std::uint64_t seed : {1, 2, 3}) {
            SparsePlacement p = sparse_placement(3);
            p.card.seed = seed;
            const auto cuda = sparse_backend(c, p);
            cuda->run(c.part(0, c.steps()));
            found.push_back(cuda->get_state().parameters);
        }
        return found[0] != found[1] || found[0] != found[2];
    };
    EXPECT_FALSE(differ(false));
    EXPECT_TRUE(differ(true));
}

TEST_F(CudaSparseAtomic, LeavesNothingOfAStepThatWasNotTaken) {
    int n = 0;
    for (const char* name : {"sgd", "rmsprop", "adagrad"}) {  // whose steps do not count from the first
        SparseTrial trial{name, Optimizer::named(name)};
        trial.optimizer.set("lr", trial.optimizer.get("lr") / 4);
        trial.epochs = 1;
        SparseCase<float> c(trial);
        const auto at = static_cast<std::size_t>(c.problem.sparse.offsets[2]);
        c.values[at] = std::numeric_limits<float>::infinity();  // in the first batch
        const auto cuda = atomic_backend(c, sparse_placement(n++));
        const SegmentReport frozen = cuda->run(c.part(0, 3));
        EXPECT_TRUE(frozen.frozen) << name;
        EXPECT_EQ(frozen.steps_done, 0) << name;
        EXPECT_TRUE(equal_states(cuda->get_state(), c.start)) << name;
        // The other batches, whose columns are those of the first too, are as they would be from the start.
        const SegmentReport after = cuda->run(c.part(1, c.steps() - 1));
        EXPECT_FALSE(after.frozen) << name;
        auto steps = c.reference_steps();
        steps.erase(steps.begin());
        const auto truth = reference::train(c.reference_problem(), c.reference_settings(), steps, c.reference_start());
        const auto bounds =
            reference::error_bounds(c.reference_problem(), c.reference_settings(), steps, c.reference_start(), reference::float32_unit);
        const std::vector<float> found = settled_parameters(c.problem, cuda->get_state(), 0);
        for (std::size_t j = 0; j < found.size(); ++j)
            EXPECT_LE(std::abs(static_cast<double>(found[j]) - truth.parameters.back()[j]), bounds.worst_parameter()) << name << ", " << j;
    }
}

TEST_F(CudaSparseAtomic, NamesTheFirstMemberWhoseColumnIsNotFinite) {
    for (const std::int64_t bad : {0, 1}) {
        SparseTrial trial{"squared", Sgd{.lr = 1e-3}, "squared"};
        trial.rates = {1e-4};
        SparseCase<float> c(trial);
        const auto at = static_cast<std::size_t>(c.problem.sparse.offsets[20]);
        const std::uint32_t column = c.problem.sparse.indices[at];
        c.values[at] = 1e36F;
        for (std::int64_t m = 0; m < 2; ++m)
            c.start.parameters[static_cast<std::size_t>(m * c.problem.parameter_count() + column)] = m == bad ? 1e-30F : 0.0F;
        c.targets[20] = 0;
        const auto cuda = atomic_backend(c, sparse_placement(static_cast<int>(bad)));
        const SegmentReport report = cuda->run(c.part(2, 1));  // rows 14 to 20
        EXPECT_TRUE(report.frozen);
        EXPECT_EQ(report.frozen_member, bad);
        EXPECT_TRUE(equal_states(cuda->get_state(), c.start));
    }
}

TEST_F(CudaSparseAtomic, ALimitOnTheNormIsSortedAllTheSame) {
    SparseTrial trial{"clipped", Adagrad{}};
    trial.clip_norm = .05;
    SparseCase<float> c(trial);
    c.problem.nondeterministic = true;
    EXPECT_TRUE(sparse_trains_as_on_cpu(c, trial.label, sparse_placement(2)));
    const auto cuda = sparse_backend(c, sparse_placement(2));
    EXPECT_FALSE(cuda->plan().by_atomics);
    EXPECT_NE(cuda->description().find("gradients after a sort, the same bits every time"), std::string::npos) << cuda->description();
}

TEST_F(CudaSparseAtomic, ARunSaysSoAndGoesOnFromItsCheckpoint) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 4);
    const test::ScratchDirectory scratch;
    TrainOptions options;
    options.loss = "logistic";
    options.batch_size = 10;
    options.epochs = 3;
    options.validation = held_out.dataset();
    options.device = "cuda";
    options.nondeterministic = true;
    EXPECT_NE(train(problem.dataset(), options).plan.find("gradients by atomics, not the same bits every time"), std::string::npos);
    options.checkpoint.directory = scratch.path();
    options.on_segment = [](const Progress& progress) { return progress.step >= 6 ? Control::stop : Control::go_on; };
    options.segment_steps = 3;
    EXPECT_EQ(train(problem.dataset(), options).stop, StopReason::callback);
    options.on_segment = nullptr;
    const auto resumed = resume(problem.dataset(), scratch.path(), options);
    EXPECT_EQ(resumed.steps, 15);
    for (const double value : resumed.model.parameters) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace glissade::testing
