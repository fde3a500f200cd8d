// SPDX-License-Identifier: Apache-2.0
// CudaBackend: segments on their way.
#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/cuda_backend.hpp"

namespace glissade::cuda {

namespace {

/// Epochs that steps touch.
std::int64_t epochs_of(std::int64_t step, std::int64_t steps, std::int64_t steps_per_epoch) {
    return (step % steps_per_epoch + steps - 1) / steps_per_epoch + 1;
}

}  // namespace

/// Fills the leg's table and queues it. `scalars`: of its steps.
void CudaBackend::launch(const Leg& leg, const float* scalars) {
    const HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    const std::int64_t epoch = leg.step / problem_.batches.steps_per_epoch;
    for (std::int64_t e = 0; e < epochs_of(leg.step, leg.steps, problem_.batches.steps_per_epoch); ++e)
        table.orders.data()[e] = problem_.batches.order.epoch(epoch + e);
    std::copy_n(scalars, leg.steps * problem_.members * rules::scalars_a_member, table.scalars.data());
    queue(leg);
}

DeviceLeg CudaBackend::on_device(const Leg& leg) const {
    return {leg.step,           leg.steps,      slot_parameters(leg.from), slot_state(leg.from), slot_parameters(leg.to),
            slot_state(leg.to), orders_.data(), scalars_.data(),           losses_.data(),       outcome_.data()};
}

/// Queues what the leg's table holds.
void CudaBackend::queue(const Leg& leg) {
    HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    const std::int64_t steps_per_epoch = problem_.batches.steps_per_epoch;
    stream_.copy(orders_.data(), table.orders.data(), epochs_of(leg.step, leg.steps, steps_per_epoch), cudaMemcpyHostToDevice,
                 "row orders of the epochs");
    stream_.copy(scalars_.data(), table.scalars.data(), leg.steps * problem_.members * rules::scalars_a_member, cudaMemcpyHostToDevice,
                 "scalars of the steps");
    runner_->queue(on_device(leg), stream_);
    stream_.copy(table.outcome.data(), outcome_.data(), outcome_.count(), cudaMemcpyDeviceToHost, "the outcome of a segment");
    stream_.copy(table.losses.data(), losses_.data(), leg.steps * problem_.members, cudaMemcpyDeviceToHost, "losses of the steps");
    table.done.record(stream_);
}

/// Where a launch ended: at the first step that a team froze before, of several such teams the first.
kernels::SegmentOutcome CudaBackend::first_end(int table) const {
    const PinnedBuffer<kernels::SegmentOutcome>& outcome = tables_[static_cast<std::size_t>(table)].outcome;
    kernels::SegmentOutcome first = *outcome.data();
    for (std::int64_t team = 1; team < outcome.count(); ++team) {
        const kernels::SegmentOutcome& other = outcome.data()[team];
        if (other.steps_done < first.steps_done) first = {other.steps_done, other.frozen_member < 0 ? -1 : team + other.frozen_member};
    }
    return first;
}

/// Adds what a leg did to the report. Waits for it.
void CudaBackend::collect(const Leg& leg, SegmentReport& report) {
    const HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    table.done.wait();
    const kernels::SegmentOutcome outcome = first_end(leg.table);
    report.steps_done += outcome.steps_done;
    loss_sums_.insert(loss_sums_.end(), table.losses.data(), table.losses.data() + outcome.steps_done * problem_.members);
    report.frozen = outcome.frozen_member >= 0;
    report.frozen_member = std::max<std::int64_t>(0, outcome.frozen_member);
    report.loss_sums = loss_sums_;
}

/// Teams of their own went on beyond the step that one froze before: the segment's first `steps` steps once more, from the slot before it.
void CudaBackend::run_again(const Segment<float>& segment, std::int64_t steps) {
    if (steps == 0) live_ = before_;
    for (std::int64_t first = 0; first < steps; first += budget_.table_steps) {
        const Leg leg{segment.first_step + first, std::min(budget_.table_steps, steps - first), first == 0 ? before_ : live_, live_, 0};
        launch(leg, segment.scalars + first * problem_.members * rules::scalars_a_member);
        tables_[0].done.wait();
    }
}

SegmentReport CudaBackend::run(const Segment<float>& segment) {
    const DeviceScope scope(card_.facts.ordinal);
    if (!under_way_.empty()) fail(ErrorKind::internal, "run: a segment is under way");
    SegmentReport report;
    loss_sums_.clear();
    before_ = live_;
    can_roll_back_ = true;
    if (segment.steps > 0) live_ = (before_ + 1) % slots;
    try {
        for (std::int64_t first = 0; first < segment.steps && !report.frozen; first += budget_.table_steps) {
            const Leg leg{segment.first_step + first, std::min(budget_.table_steps, segment.steps - first), first == 0 ? before_ : live_,
                          live_, 0};
            launch(leg, segment.scalars + first * problem_.members * rules::scalars_a_member);
            collect(leg, report);
        }
        if (report.frozen && runner_->teams() > 1) run_again(segment, report.steps_done);
    } catch (...) {
        live_ = before_;  // the slot before the segment was only read
        can_roll_back_ = false;
        throw;
    }
    report.loss_sums = loss_sums_;
    return report;
}

/// A slot that nothing needs. Where two segments are under way the one before the live slot goes, and with it the way back.
int CudaBackend::free_slot() {
    const auto is_free = [&](int slot) {
        return slot != live_ && std::none_of(under_way_.begin(), under_way_.end(), [slot](const Leg& leg) { return leg.to == slot; });
    };
    for (int slot = 0; slot < slots; ++slot)
        if (is_free(slot) && (slot != before_ || !can_roll_back_)) return slot;
    can_roll_back_ = false;
    return before_;
}

void CudaBackend::start(const Segment<float>& segment) {
    if (segment.steps < 1 || segment.steps > most_started_steps() || under_way_.size() > 1)
        fail(ErrorKind::internal,
             "start: a segment of " + std::to_string(segment.steps) + " steps, with " + std::to_string(under_way_.size()) + " under way");
    const DeviceScope scope(card_.facts.ordinal);
    const Leg leg{segment.first_step, segment.steps, under_way_.empty() ? live_ : under_way_.back().to, free_slot(), next_table_};
    launch(leg, segment.scalars);
    under_way_.push_back(leg);
    next_table_ ^= 1;
}

SegmentReport CudaBackend::wait() {
    if (under_way_.empty()) fail(ErrorKind::internal, "wait: no segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    SegmentReport report;
    loss_sums_.clear();
    Leg leg = under_way_.front();
    try {
        collect(leg, report);
        if (report.frozen && runner_->teams() > 1) {  // as run_again; what is under way behind it reads the slot before it is rewritten
            leg.steps = report.steps_done;
            if (leg.steps == 0) leg.to = leg.from;
            if (leg.steps > 0) {
                queue(leg);
                tables_[static_cast<std::size_t>(leg.table)].done.wait();
            }
        }
    } catch (...) {
        under_way_.clear();  // the live slot was only read
        throw;
    }
    under_way_.pop_front();
    before_ = live_;
    live_ = leg.to;
    can_roll_back_ = true;
    return report;
}

void CudaBackend::discard() {
    if (under_way_.empty()) fail(ErrorKind::internal, "discard: no segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    const Leg leg = under_way_.back();
    under_way_.pop_back();
    next_table_ = leg.table;
    tables_[static_cast<std::size_t>(leg.table)].done.wait();
}

void CudaBackend::roll_back() {
    if (!can_roll_back_ || !under_way_.empty()) fail(ErrorKind::internal, "there is no segment to roll back");
    live_ = before_;
    can_roll_back_ = false;
}

}  // namespace glissade::cuda
