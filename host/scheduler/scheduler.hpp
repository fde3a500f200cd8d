// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "glissade/averaging.hpp"
#include "glissade/population.hpp"
#include "glissade/schedule.hpp"
#include "host/execution/backend.hpp"

namespace glissade {

/// The weights of a running average of the parameters.
struct AveragePlan {
    AverageKind kind = AverageKind::none;
    double decay = 0;             ///< of the exponential one
    std::int64_t first_step = 1;  ///< counts from 1: the first step after which the parameters count

    bool begun(std::int64_t steps_done) const { return kind != AverageKind::none && steps_done >= first_step; }
    /// Of the parameters after step `t` (from 1); 0 before averaging begins.
    double weight(std::int64_t t) const;
};

/// The step with which averaging begins in a run of `batches`: the first that gets as far as `averaging.start`.
AveragePlan plan_averaging(const Averaging& averaging, const BatchPlan& batches, std::int64_t total_steps);

/// What a run asks of its scheduler.
struct SchedulerSettings {
    BatchPlan batches;
    std::vector<Member> members;  ///< one kind of rule and one variant of it
    Schedule schedule;
    std::int64_t total_steps = 0;  ///< of the whole run: what schedules count against
    bool decay_bias = false;
    AveragePlan average;
};

/// The host side of a run: cuts it into segments, evaluates schedules and each rule's `prepare` in double precision, and lays the scalars
/// of a segment out as a table. Its only state is what rules carry from step to step (`memory`) and the rates that came of watching the
/// loss; everything else is a pure function of the step.
template <class Real>
class Scheduler {
public:
    explicit Scheduler(SchedulerSettings settings);

    const BatchPlan& batches() const { return settings_.batches; }
    std::int64_t total_steps() const { return settings_.total_steps; }
    ScheduleClock clock(std::int64_t step, std::int64_t member) const;
    /// Learning rate of a member at a step (from 0).
    double lr(std::int64_t step, std::int64_t member) const;
    std::int64_t epoch_of(std::int64_t step) const { return step / settings_.batches.steps_per_epoch; }
    bool ends_epoch(std::int64_t steps_done) const { return steps_done % settings_.batches.steps_per_epoch == 0; }

    /// The segment that begins at `step`: at most `wanted` steps, cut at the end of the run and, if `at_epochs`, of the epoch. Fills the
    /// table; the segment points into it and is valid until the next call. Segments must follow each other: `memory` moves on with them.
    Segment<Real> next(std::int64_t step, std::int64_t wanted, bool at_epochs);

    /// [members][2 * max_rule_memory] doubles, for checkpoints.
    std::vector<double> memory;

    /// The rate that a schedule which watches the loss has come to for a member; 0: the base rate.
    void hold_rate(std::int64_t member, double rate) { watched_rates_[static_cast<std::size_t>(member)] = rate; }

    /// L2 of each step of an epoch, in place of the members' own; empty: theirs.
    void set_step_l2(std::vector<double> l2) { step_l2_ = std::move(l2); }
    /// Rules count their steps on from here: their state is that of so many steps of earlier runs.
    void count_from(std::int64_t steps) { steps_before_ = steps; }

    /// Removes a member: the others go on.
    void drop(std::int64_t member);

    /// Steps whose table stays within a few megabytes.
    std::int64_t longest_segment() const;

private:
    void fill_row(const Member& member, const ScheduleValue& value, std::int64_t step, double* member_memory, Real* out) const;

    SchedulerSettings settings_;
    std::vector<double> watched_rates_;  ///< of each member
    std::vector<double> step_l2_;
    std::int64_t steps_before_ = 0;
    std::vector<Real> table_;
};

/// Cuts `rows` rows into batches. `batch_size` 0 means all rows; `drop_last` leaves out a short last batch (unless it is the only one).
BatchPlan plan_batches(std::int64_t rows, std::int64_t batch_size, bool drop_last, std::uint64_t order_seed, Shuffle shuffle);

}  // namespace glissade
