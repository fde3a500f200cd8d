// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/scheduler.hpp"

#include <gtest/gtest.h>

#include <set>

#include "glissade/error.hpp"

namespace glissade {
namespace {

using rules::ScalarRow;

SchedulerSettings settings_of(std::vector<Member> members, std::int64_t rows, std::int64_t batch) {
    SchedulerSettings settings;
    settings.batches = plan_batches(rows, batch, false, 0, Shuffle::full);
    settings.members = std::move(members);
    settings.total_steps = 10 * settings.batches.steps_per_epoch;
    return settings;
}

TEST(PlanBatches, CoversEveryRowOnceWhateverTheBatchSize) {
    for (const std::int64_t rows : {1, 2, 31, 32, 33, 1000}) {
        for (const std::int64_t batch : {0, 1, 2, 7, 32, 999, 1000, 5000}) {
            const BatchPlan plan = plan_batches(rows, batch, false, 3, Shuffle::full);
            std::set<std::int64_t> seen;
            for (std::int64_t b = 0; b < plan.steps_per_epoch; ++b)
                for (std::int64_t i = 0; i < plan.rows(b); ++i) seen.insert(plan.order.epoch(1)(plan.begin(b) + i));
            EXPECT_EQ(static_cast<std::int64_t>(seen.size()), rows) << rows << " rows, batch " << batch;
        }
    }
}

TEST(PlanBatches, LeavesOutAShortLastBatchOnlyIfAsked) {
    EXPECT_EQ(plan_batches(10, 4, false, 0, Shuffle::none).steps_per_epoch, 3);
    EXPECT_EQ(plan_batches(10, 4, true, 0, Shuffle::none).steps_per_epoch, 2);
    EXPECT_EQ(plan_batches(3, 4, true, 0, Shuffle::none).steps_per_epoch, 1);
    EXPECT_THROW(plan_batches(0, 4, false, 0, Shuffle::none), Error);
    EXPECT_THROW(plan_batches(5, -1, false, 0, Shuffle::none), Error);
}

TEST(Scheduler, GivesTheSameTableHoweverARunIsCut) {
    const std::vector<Member> members = {{NAdam{.lr = .01}, 0, 0, 0}, {NAdam{.lr = .1, .momentum_decay = .01}, 1e-3, 1e-2, 0}};
    Scheduler<double> whole(settings_of(members, 100, 7));
    const Segment<double> all = whole.next(0, 60, false);
    ASSERT_EQ(all.steps, 60);
    for (const std::int64_t cut : {1, 2, 13, 59}) {
        Scheduler<double> parts(settings_of(members, 100, 7));
        for (std::int64_t step = 0; step < 60;) {
            const Segment<double> part = parts.next(step, std::min(cut, 60 - step), false);
            for (std::int64_t i = 0; i < part.steps * 2 * rules::scalars_a_member; ++i)
                ASSERT_EQ(part.scalars[i], all.scalars[step * 2 * rules::scalars_a_member + i]) << "cut " << cut << ", step " << step;
            step += part.steps;
        }
    }
}

TEST(Scheduler, CutsSegmentsAtEpochsAndAtTheEnd) {
    Scheduler<float> scheduler(settings_of({{Sgd{}, 0, 0, 0}}, 100, 10));
    EXPECT_EQ(scheduler.next(3, 100, true).steps, 7);
    EXPECT_EQ(scheduler.next(95, 100, false).steps, 5);
    EXPECT_EQ(scheduler.next(10, 4, true).steps, 4);
}

TEST(Scheduler, LimitsThePenaltyOfAStepToWhatTakesWeightsToZeroIfAsked) {
    for (const bool limited : {false, true}) {
        SchedulerSettings settings = settings_of({{Sgd{.lr = 4, .decay_to_zero = limited}, 0, .5, 0}}, 10, 10);
        settings.schedule = Schedule("inverse_time:decay=1,unit=step");  // 4, 2, 4/3, ...
        Scheduler<double> scheduler(settings);
        const double* row = scheduler.next(0, 3, false).scalars;
        EXPECT_EQ(row[ScalarRow::coupled_decay], limited ? .25 : .5);
        EXPECT_EQ(row[rules::scalars_a_member + ScalarRow::coupled_decay], .5) << "2 times .5 is the limit";
        EXPECT_EQ(row[2 * rules::scalars_a_member + ScalarRow::coupled_decay], .5);
    }
}

TEST(Scheduler, SparesBiasesFromPenaltiesUnlessAsked) {
    const Member member{Sgd{.lr = .5, .weight_decay = .2}, .1, 0, 0};
    SchedulerSettings settings = settings_of({member}, 10, 10);
    Scheduler<double> sparing(settings);
    const double* row = sparing.next(0, 1, false).scalars;
    EXPECT_EQ(row[ScalarRow::coupled_decay], .2);
    EXPECT_EQ(row[ScalarRow::shrink], .5 * .1);
    EXPECT_EQ(row[ScalarRow::size + ScalarRow::coupled_decay], 0);
    EXPECT_EQ(row[ScalarRow::size + ScalarRow::shrink], 0);
    settings.decay_bias = true;
    Scheduler<double> reaching(settings);
    row = reaching.next(0, 1, false).scalars;
    EXPECT_EQ(row[ScalarRow::size + ScalarRow::coupled_decay], .2);
    EXPECT_EQ(row[ScalarRow::size + ScalarRow::shrink], .5 * .1);
}

TEST(Scheduler, LeavesDecoupledDecayToTheRule) {
    Scheduler<double> scheduler(settings_of({{AdamW{.lr = .1, .weight_decay = .5}, 0, 0, 0}}, 10, 10));
    const double* row = scheduler.next(0, 1, false).scalars;
    EXPECT_EQ(row[ScalarRow::coupled_decay], 0);
    EXPECT_EQ(row[ScalarRow::rule + 7], 1 - .1 * .5);
    EXPECT_EQ(row[ScalarRow::size + ScalarRow::rule + 7], 1);
}

TEST(Scheduler, GoesOnWithTheOthersWhenAMemberIsDropped) {
    const std::vector<Member> members = {{NAdam{.lr = .01}, 0, 0, 0}, {NAdam{.lr = .02}, 0, 0, 0}, {NAdam{.lr = .04}, 0, 0, 0}};
    Scheduler<double> all(settings_of(members, 100, 10)), last(settings_of({members[2]}, 100, 10));
    all.next(0, 5, false);
    last.next(0, 5, false);
    all.drop(0);
    all.drop(0);
    const double* a = all.next(5, 1, false).scalars;
    const double* b = last.next(5, 1, false).scalars;
    for (int i = 0; i < rules::scalars_a_member; ++i) EXPECT_EQ(a[i], b[i]);
}

}  // namespace
}  // namespace glissade
