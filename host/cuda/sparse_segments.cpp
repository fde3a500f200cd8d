// SPDX-License-Identifier: Apache-2.0
// SparseBackend: segments on their way.
#include <algorithm>
#include <string>
#include <utility>

#include "glissade/error.hpp"
#include "host/cuda/sparse_backend.hpp"
#include "kernels/gateway/sort.hpp"

namespace glissade::cuda {

namespace {
constexpr const char* sparse_subject = "a step on sparse rows";
}

/// The batch's entries by column, or the columns that it first holds by group.
void SparseBackend::queue_sort(bool by_group) const {
    kernels::SortEntriesParams sort;
    sort.count = plan_.capacity;
    sort.key_bits = by_group ? SparseCardPlan::group_bits : plan_.key_bits;
    sort.keys_in = by_group ? groups_in_.data() : keys_in_.data();
    sort.keys_out = by_group ? groups_out_.data() : keys_out_.data();
    sort.values_in = by_group ? columns_in_.data() : terms_in_.data();
    sort.values_out = by_group ? columns_out_.data() : terms_out_.data();
    sort.scratch = sort_scratch_.data();
    sort.scratch_bytes = plan_.sort_bytes;
    check_launch(kernels::launch_sort_entries(sort, stream_.get()), "the sort", std::to_string(plan_.capacity) + " nonzeros");
}

/// One step, whichever the device has come to; `all`: some member's runs over all parameters.
void SparseBackend::queue_step(bool all, int store) const {
    const kernels::SparseStepParams p = params(store);
    const auto launched = [](int status, const char* kernel) { check_launch(status, kernel, sparse_subject); };
    const int threads = plan_.threads;
    cudaStream_t stream = stream_.get();
    launched(kernels::launch_sparse_rows(p, plan_.row_blocks, threads, stream), "sparse_rows");
    if (!plan_.by_atomics) launched(kernels::launch_sparse_scan(p, threads, stream), "sparse_scan");
    launched(kernels::launch_sparse_scores(p, plan_.score_blocks, threads, stream), "sparse_scores");
    if (!plan_.by_atomics) queue_sort(false);
    launched(kernels::launch_sparse_columns(p, plan_.entry_blocks, threads, stream), "sparse_columns");
    if (plan_.clips_by_norm) {
        queue_sort(true);
        launched(kernels::launch_sparse_norm(p, plan_.norm_blocks, threads, stream), "sparse_norm");
    }
    launched(kernels::launch_sparse_decide(p, threads, stream), "sparse_decide");
    if (plan_.touches) launched(kernels::launch_sparse_update(p, plan_.entry_blocks, threads, stream), "sparse_update");
    if (all) launched(kernels::launch_sparse_update_all(p, plan_.column_blocks, threads, stream), "sparse_update_all");
}

/// A step of a frozen run by every kernel that a step may need, which changes nothing: kernels are loaded now and not while a graph is
/// written down, which CUDA forbids, and what the card cannot run is found here. Only sorts look at what lies there, so that is set.
void SparseBackend::try_a_step() {
    for (const auto* buffer : {&keys_in_, &terms_in_, &groups_in_, &columns_in_})
        if (buffer->count() > 0)
            check(cudaMemsetAsync(buffer->data(), 0, static_cast<std::size_t>(buffer->bytes()), stream_.get()), "cudaMemsetAsync",
                  "the nonzeros of a batch");
    kernels::SparseControl& control = *tables_[0].control.data();
    control = {};
    control.frozen_member = 0;
    stream_.copy(control_.data(), &control, 1, cudaMemcpyHostToDevice, "a first step");
    queue_step(plan_.may_run_over_all, work_);
    stream_.synchronize("a first step");
}

/// Of every step that the run may have.
void SparseBackend::make_graphs() {
    for (int store = 0; store < stores; ++store)
        for (const bool all : {false, true}) {
            if (all ? !plan_.may_run_over_all : plan_.runs_over_all) continue;
            graphs_[static_cast<std::size_t>(store)][all ? 1 : 0] = std::make_unique<Graph>(
                stream_, [&] { queue_step(all, store); }, sparse_subject);
        }
}

/// The leg's table on the host's side; which of its steps run over all parameters of some member; what waits after it. `scalars`: of its
/// steps.
void SparseBackend::fill_table(Leg& leg, const float* scalars) {
    HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    const std::int64_t members = problem_.members, per_epoch = problem_.batches.steps_per_epoch;
    std::copy_n(scalars, leg.steps * members * rules::scalars_a_member, table.scalars.data());
    table.epochs = (leg.first_step % per_epoch + leg.steps - 1) / per_epoch + 1;
    for (std::int64_t e = 0; e < table.epochs; ++e) table.orders.data()[e] = problem_.batches.order.epoch(leg.first_step / per_epoch + e);
    leg.end = leg.begin;
    table.all.assign(static_cast<std::size_t>(leg.steps), 0);
    for (std::int64_t s = 0; s < leg.steps; ++s)
        for (std::int64_t m = 0; m < members; ++m) {
            double* own = leg.end.numbers.data() + m * idle_numbers;
            kernels::SparseWaiting& waiting = table.waiting.data()[s * members + m];
            waiting.product_before = static_cast<float>(own[0]);
            waiting.sum_before = static_cast<float>(own[1]);
            const bool all = advance_waiting(problem_.idle, leg.first_step + s, scalars + (s * members + m) * rules::scalars_a_member, own);
            waiting.product_after = static_cast<float>(own[0]);
            waiting.sum_after = static_cast<float>(own[1]);
            waiting.all = all ? 1 : 0;
            if (all) table.all[static_cast<std::size_t>(s)] = 1;
        }
    kernels::SparseControl& control = *table.control.data();
    control = {};
    control.first_batch = leg.first_step % per_epoch;
    control.clock = leg.begin.clock;
    leg.end.clock += static_cast<std::uint32_t>(leg.steps);
}

/// Brings the leg's table to the device and sets its steps off. Sums that a step left when it was not taken are forgotten.
void SparseBackend::queue_table(const Leg& leg) {
    HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    const std::int64_t members = problem_.members;
    stream_.copy(orders_.data(), table.orders.data(), table.epochs, cudaMemcpyHostToDevice, "row orders of the epochs");
    stream_.copy(scalars_.data(), table.scalars.data(), leg.steps * members * rules::scalars_a_member, cudaMemcpyHostToDevice,
                 "scalars of the steps");
    stream_.copy(waiting_.data(), table.waiting.data(), leg.steps * members, cudaMemcpyHostToDevice, "scalars of the steps");
    stream_.copy(control_.data(), table.control.data(), 1, cudaMemcpyHostToDevice, "the course of a segment");
    const auto& graphs = graphs_[static_cast<std::size_t>(work_)];
    for (const char all : table.all) graphs[all != 0 || plan_.runs_over_all ? 1 : 0]->launch(stream_, sparse_subject);
    check_launch(kernels::launch_sparse_drop(params(work_), plan_.entry_blocks, plan_.threads, stream_.get()), "sparse_drop",
                 "a step that was not taken");
    stream_.copy(table.control.data() + 1, control_.data(), 1, cudaMemcpyDeviceToHost, "the course of a segment");
    stream_.copy(table.losses.data(), losses_.data(), leg.steps * members, cudaMemcpyDeviceToHost, "losses of the steps");
    table.done.record(stream_);
}

/// Puts the state as it is now aside.
void SparseBackend::keep_before(const Leg& leg) {
    const Store &from = stores_[static_cast<std::size_t>(work_)], &to = stores_[static_cast<std::size_t>(leg.before)];
    stream_.copy(to.records.data(), from.records.data(), from.records.count(), cudaMemcpyDeviceToDevice, "the state before");
    stream_.copy(to.biases.data(), from.biases.data(), from.biases.count(), cudaMemcpyDeviceToDevice, "the state before");
    check(cudaMemsetAsync(bad_.data(), 0, static_cast<std::size_t>(bad_.bytes()), stream_.get()), "cudaMemsetAsync", "signals of members");
    tables_[static_cast<std::size_t>(leg.table)].kept.record(stream_);
}

/// Adds what a leg did to the report; what waits, and the clock, after it. Waits for it.
SparseBackend::Slow SparseBackend::collect(const Leg& leg, SegmentReport& report) {
    const HostTable& table = tables_[static_cast<std::size_t>(leg.table)];
    table.done.wait();
    const kernels::SparseControl& control = table.control.data()[1];
    const std::int64_t members = problem_.members;
    report.steps_done += control.step;
    report.frozen = control.frozen_member >= 0;
    report.frozen_member = std::max<std::int64_t>(0, control.frozen_member);
    loss_sums_.insert(loss_sums_.end(), table.losses.data(), table.losses.data() + control.step * members);
    report.loss_sums = loss_sums_;
    if (!report.frozen) return leg.end;
    Slow slow = leg.begin;
    for (std::int64_t s = 0; s < control.step; ++s)
        for (std::int64_t m = 0; m < members; ++m)
            (void)advance_waiting(problem_.idle, leg.first_step + s, table.scalars.data() + (s * members + m) * rules::scalars_a_member,
                                  slow.numbers.data() + m * idle_numbers);
    slow.clock += static_cast<std::uint32_t>(control.step);
    return slow;
}

/// A store that nothing needs. Where a segment is under way the one before the last may go, and with it the way back.
int SparseBackend::free_store() {
    const auto is_free = [&](int store) {
        return store != work_ &&
               std::none_of(under_way_.begin(), under_way_.end(), [store](const Leg& leg) { return leg.before == store; });
    };
    for (int store = 0; store < stores; ++store)
        if (is_free(store) && (store != before_ || !can_roll_back_)) return store;
    can_roll_back_ = false;
    return before_;
}

/// Back to the state in another store, without a call that may fail too.
void SparseBackend::go_back_to(int store) noexcept {
    (void)cudaStreamSynchronize(stream_.get());  // nothing writes there any more
    work_ = store;
    can_roll_back_ = false;
}

SegmentReport SparseBackend::run(const Segment<float>& segment) {
    const DeviceScope scope(card_.facts.ordinal);
    if (!under_way_.empty()) fail(ErrorKind::internal, "run: a segment is under way");
    SegmentReport report;
    loss_sums_.clear();
    Leg leg;
    leg.before = free_store();
    Slow slow = slow_;
    keep_before(leg);
    try {
        if (is_late(slow)) move_clock_back(slow);
        for (std::int64_t first = 0; first < segment.steps && !report.frozen; first += leg.steps) {
            leg.first_step = segment.first_step + first;
            leg.steps = std::min(plan_.budget.table_steps, segment.steps - first);
            leg.begin = slow;
            fill_table(leg, segment.scalars + first * problem_.members * rules::scalars_a_member);
            queue_table(leg);
            slow = collect(leg, report);
        }
    } catch (...) {
        go_back_to(leg.before);
        throw;
    }
    before_ = leg.before;
    slow_before_ = std::exchange(slow_, std::move(slow));
    can_roll_back_ = true;
    return report;
}

void SparseBackend::start(const Segment<float>& segment) {
    if (segment.steps < 1 || segment.steps > most_started_steps() || under_way_.size() > 1)
        fail(ErrorKind::internal,
             "start: a segment of " + std::to_string(segment.steps) + " steps, with " + std::to_string(under_way_.size()) + " under way");
    const DeviceScope scope(card_.facts.ordinal);
    Leg leg;
    leg.first_step = segment.first_step;
    leg.steps = segment.steps;
    leg.before = free_store();
    leg.table = next_table_;
    leg.begin = under_way_.empty() ? slow_ : under_way_.back().end;
    keep_before(leg);
    try {
        if (is_late(leg.begin)) move_clock_back(leg.begin);
        fill_table(leg, segment.scalars);
        queue_table(leg);
    } catch (...) {
        go_back_to(leg.before);
        throw;
    }
    under_way_.push_back(std::move(leg));
    next_table_ ^= 1;
}

SegmentReport SparseBackend::wait() {
    if (under_way_.empty()) fail(ErrorKind::internal, "wait: no segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    SegmentReport report;
    loss_sums_.clear();
    Slow slow;
    try {
        slow = collect(under_way_.front(), report);
    } catch (...) {
        go_back_to(under_way_.front().before);
        under_way_.clear();
        throw;
    }
    before_ = under_way_.front().before;
    slow_before_ = std::exchange(slow_, std::move(slow));
    can_roll_back_ = true;
    under_way_.pop_front();
    return report;
}

void SparseBackend::discard() {
    if (under_way_.empty()) fail(ErrorKind::internal, "discard: no segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    const Leg leg = std::move(under_way_.back());
    under_way_.pop_back();
    next_table_ = leg.table;
    const cudaError_t status = cudaStreamSynchronize(stream_.get());
    work_ = leg.before;
    check(status, "cudaStreamSynchronize", "a segment that is not wanted");
}

void SparseBackend::roll_back() {
    if (!can_roll_back_ || !under_way_.empty()) fail(ErrorKind::internal, "there is no segment to roll back");
    work_ = before_;
    slow_ = slow_before_;
    can_roll_back_ = false;
}

}  // namespace glissade::cuda
