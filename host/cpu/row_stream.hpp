// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "host/cpu/kernels.hpp"
#include "host/execution/backend.hpp"

namespace glissade::cpu {

/// The rows of a batch that one thread takes: [begin, end) within the batch.
struct RowRange {
    std::int64_t begin = 0, end = 0;
};

/// The rows that one thread will visit in a segment, in order, worked out some way ahead so that they can be fetched before they are
/// needed.
class RowStream {
public:
    static constexpr std::int64_t capacity = 1024;

    /// `full` and `last`: this thread's part of a batch of full size, and of the last one of an epoch.
    void start(const BatchPlan& plan, FillRows fill, RowRange full, RowRange last, std::int64_t first_step, std::int64_t steps) {
        plan_ = &plan;
        fill_ = fill;
        full_ = full;
        last_ = last;
        steps_left_ = steps;
        epoch_ = first_step / plan.steps_per_epoch;
        batch_ = first_step % plan.steps_per_epoch;
        order_ = plan.order.epoch(epoch_);
        produced_ = consumed_ = 0;
        whole_batches_ = full.begin == 0 && full.end == plan.rows(0);
        next_run();
    }

    /// Makes `count` rows, if the segment has as many left, available to `row`. count <= capacity / 2.
    void look_ahead(std::int64_t count) {
        while (produced_ - consumed_ < count && at_ < run_end_) produce();
    }
    /// The i-th row from here. Beyond the last row of the segment, or of what was asked for, it is some row within the data.
    std::int64_t row(std::int64_t i) const { return ring_[std::min(consumed_ + i, produced_ - 1) & (capacity - 1)]; }
    void advance(std::int64_t count) { consumed_ += count; }

private:
    static constexpr std::int64_t chunk = 256;

    void produce() {
        const std::int64_t place = produced_ & (capacity - 1);
        const std::int64_t count = std::min({chunk, run_end_ - at_, capacity - place});
        fill_(order_, at_, count, ring_ + place);
        produced_ += count;
        at_ += count;
        if (at_ == run_end_) next_run();
    }

    /// Sets the next run of consecutive positions that are this thread's, or an empty one at the end of the segment.
    void next_run() {
        for (at_ = run_end_ = 0; steps_left_ > 0 && at_ == run_end_;) {
            if (batch_ == plan_->steps_per_epoch) {
                batch_ = 0;
                order_ = plan_->order.epoch(++epoch_);
            }
            // A thread that takes whole batches sees them as one run.
            const std::int64_t batches = whole_batches_ ? std::min(steps_left_, plan_->steps_per_epoch - batch_) : 1;
            const std::int64_t final_batch = batch_ + batches - 1;
            const bool is_last = final_batch == plan_->steps_per_epoch - 1;
            at_ = plan_->begin(batch_) + (whole_batches_ ? 0 : (is_last ? last_ : full_).begin);
            run_end_ = plan_->begin(final_batch) + (is_last ? last_ : full_).end;
            batch_ += batches;
            steps_left_ -= batches;
        }
    }

    const BatchPlan* plan_ = nullptr;
    FillRows fill_ = nullptr;
    RowRange full_, last_;
    bool whole_batches_ = false;
    std::int64_t epoch_ = 0, batch_ = 0, steps_left_ = 0;
    EpochOrder order_;
    std::int64_t at_ = 0, run_end_ = 0;
    std::int64_t produced_ = 0, consumed_ = 0;
    std::int64_t ring_[capacity] = {};
};

}  // namespace glissade::cpu
