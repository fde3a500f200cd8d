// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/row_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "host/cpu/step_plan.hpp"

namespace glissade::cpu {
namespace {

BatchPlan batches_of(std::int64_t rows, std::int64_t batch, Shuffle shuffle) {
    BatchPlan plan;
    plan.order = RowOrder{rows, 11, shuffle};
    plan.batch_size = batch;
    plan.steps_per_epoch = (rows + batch - 1) / batch;
    return plan;
}

TEST(RowStream, GivesEveryThreadItsRowsInOrderAcrossEpochs) {
    for (Shuffle shuffle : {Shuffle::full, Shuffle::none, Shuffle::replacement})
        for (std::int64_t rows : {1, 40, 1000})
            for (std::int64_t batch : {1, 7, 300, 1000})
                for (int threads : {1, 3}) {
                    if (batch > rows) continue;
                    const BatchPlan plan = batches_of(rows, batch, shuffle);
                    const StepPlan full(plan.rows(0), threads), last(plan.rows(plan.steps_per_epoch - 1), threads);
                    for (int thread = 0; thread < threads; ++thread)
                        for (std::int64_t first : {std::int64_t{0}, plan.steps_per_epoch - 1}) {
                            const std::int64_t steps = 2 * plan.steps_per_epoch + 1;
                            RowStream stream;
                            stream.start(plan, fill_rows_loop(), full.rows_of(thread), last.rows_of(thread), first, steps);
                            for (std::int64_t step = first; step < first + steps; ++step) {
                                const std::int64_t in_epoch = step % plan.steps_per_epoch;
                                const EpochOrder order = plan.order.epoch(step / plan.steps_per_epoch);
                                const RowRange range = (in_epoch == plan.steps_per_epoch - 1 ? last : full).rows_of(thread);
                                for (std::int64_t i = range.begin; i < range.end; ++i) {
                                    stream.look_ahead(20);
                                    ASSERT_EQ(stream.row(0), order(plan.begin(in_epoch) + i))
                                        << rows << " rows, batch " << batch << ", step " << step << ", thread " << thread << " of "
                                        << threads;
                                    stream.advance(1);
                                }
                            }
                        }
                }
}

TEST(RowStream, StaysWithinTheDataBeyondTheLastRow) {
    const BatchPlan plan = batches_of(10, 4, Shuffle::full);
    RowStream stream;
    stream.start(plan, fill_rows_loop(), {0, 4}, {0, 2}, 0, 3);
    stream.look_ahead(64);
    for (std::int64_t i = 0; i < 64; ++i) {
        EXPECT_GE(stream.row(i), 0);
        EXPECT_LT(stream.row(i), 10);
    }
}

TEST(StepPlan, CutsABatchIntoAlignedRunsThatCoverIt) {
    for (std::int64_t rows : {1, 16, 17, 100, 1024, 5000, 100'000})
        for (int threads : {1, 2, 3, 5, 8, 16}) {
            const StepPlan plan(rows, threads);
            EXPECT_EQ(plan.slots & (plan.slots - 1), 0);
            EXPECT_LE(plan.slots, plan.shape.partials);
            std::int64_t end = 0;
            for (int t = 0; t < threads; ++t) {
                EXPECT_EQ(plan.rows_of(t).begin, end);
                end = plan.rows_of(t).end;
            }
            EXPECT_EQ(end, rows) << threads << " threads";
        }
}

TEST(StepPlan, SharesLargeBatchesEvenly) {
    for (int threads : {2, 3, 5, 8, 16}) {
        const StepPlan plan(100'000, threads);
        for (int t = 0; t < threads; ++t) {
            const RowRange range = plan.rows_of(t);
            EXPECT_LE((range.end - range.begin) * threads, 100'000 * 5 / 4) << "thread " << t << " of " << threads;
        }
    }
}

}  // namespace
}  // namespace glissade::cpu
