// SPDX-License-Identifier: Apache-2.0
// CudaBackend: segments on their way.
#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/cuda_backend.hpp"

namespace glissade::cuda {

namespace {

std::string steps_from(std::int64_t step, std::int64_t steps) {
    return "steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps);
}

}  // namespace

void CudaBackend::launch(const Segment<float>& segment, const Leg& leg) {
    const std::int64_t step = segment.first_step + leg.first, steps_per_epoch = problem_.batches.steps_per_epoch;
    const std::int64_t epoch = step / steps_per_epoch, batch = step % steps_per_epoch;
    const std::int64_t epochs = (batch + leg.steps - 1) / steps_per_epoch + 1, step_scalars = shape_.members * rules::scalars_a_member;
    HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    for (std::int64_t e = 0; e < epochs; ++e) table.orders.data()[e] = problem_.batches.order.epoch(epoch + e);
    std::copy_n(segment.scalars + leg.first * step_scalars, leg.steps * step_scalars, table.scalars.data());
    stream_.copy(orders_.data(), table.orders.data(), epochs, cudaMemcpyHostToDevice, "row orders of the epochs");
    stream_.copy(scalars_.data(), table.scalars.data(), leg.steps * step_scalars, cudaMemcpyHostToDevice, "scalars of the steps");
    kernels::SegmentLinearParams params = segment_params();
    params.steps = leg.steps;
    params.first_batch = batch;
    params.parameters_in = slot_parameters(leg.from);
    params.state_in = slot_state(leg.from);
    params.parameters_out = slot_parameters(leg.to);
    params.state_out = slot_state(leg.to);
    check_launch(kernels::launch_segment_linear(params, stream_.get()), "segment_linear", steps_from(step, leg.steps));
    stream_.copy(table.outcome.data(), outcome_.data(), 1, cudaMemcpyDeviceToHost, "the outcome of a segment");
    stream_.copy(table.losses.data(), losses_.data(), leg.steps * shape_.members, cudaMemcpyDeviceToHost, "losses of the steps");
    table.done.record(stream_);
}

/// Adds what a leg did to the report. Waits for it.
void CudaBackend::collect(const Leg& leg, SegmentReport& report) {
    const HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    table.done.wait();
    const kernels::SegmentOutcome outcome = *table.outcome.data();
    report.steps_done += outcome.steps_done;
    loss_sums_.insert(loss_sums_.end(), table.losses.data(), table.losses.data() + outcome.steps_done * shape_.members);
    report.frozen = outcome.frozen_member >= 0;
    report.frozen_member = std::max<std::int64_t>(0, outcome.frozen_member);
    report.loss_sums = loss_sums_;
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
            const Leg leg{first, std::min(budget_.table_steps, segment.steps - first), first == 0 ? before_ : live_, live_, 0};
            launch(segment, leg);
            collect(leg, report);
        }
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
    const Leg leg{0, segment.steps, under_way_.empty() ? live_ : under_way_.back().to, free_slot(), next_table_};
    launch(segment, leg);
    under_way_.push_back(leg);
    next_table_ ^= 1;
}

SegmentReport CudaBackend::wait() {
    if (under_way_.empty()) fail(ErrorKind::internal, "wait: no segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    SegmentReport report;
    loss_sums_.clear();
    const Leg leg = under_way_.front();
    try {
        collect(leg, report);
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
