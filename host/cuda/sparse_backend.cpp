// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/sparse_backend.hpp"

#include <algorithm>
#include <cstdio>

#include "glissade/error.hpp"
#include "host/cuda/card_rates.hpp"
#include "kernels/gateway/sort.hpp"

namespace glissade::cuda {

using kernels::SparseStepParams;

namespace {
constexpr const char* sparse_subject = "a step on sparse rows";
}

/// What a run points to besides the problem's arrays.
SparseStepParams SparseBackend::params() const {
    SparseStepParams p;
    p.shape = plan_.shape;
    p.idle = static_cast<int>(problem_.idle.kind);
    p.by_product = problem_.idle.by_product();
    p.shrinks = problem_.idle.shrinks;
    p.skips = problem_.idle.skips;
    p.offsets = offsets_.data();
    p.indices = indices_.data();
    p.values = values_.data();
    p.scale = scale_.data();
    p.targets = targets_.data();
    p.weights = weights_.data();
    p.member_sets = member_sets_.data();
    p.loss = problem_.loss;
    std::copy_n(problem_.loss_constants, max_loss_constants, p.loss_constants);
    p.label_smoothing = problem_.label_smoothing;
    p.rule = problem_.rule;
    p.variant = problem_.variant;
    p.clip_norm = problem_.clip_norm;
    p.clip_value = problem_.clip_value;
    p.rows = problem_.batches.order.rows;
    p.batch_size = problem_.batches.batch_size;
    p.steps_per_epoch = problem_.batches.steps_per_epoch;
    p.orders = orders_.data();
    p.scalars = scalars_.data();
    p.waiting = waiting_.data();
    p.loss_sums = losses_.data();
    p.control = control_.data();
    p.tile_rows = plan_.threads;
    p.places = places_.data();
    p.tile_entries = tile_entries_.data();
    p.slopes = slopes_.data();
    p.losses = row_losses_.data();
    p.partials = partials_.data();
    p.capacity = plan_.capacity;
    p.by_slot = plan_.by_slot;
    p.keys_in = keys_in_.data();
    p.keys_out = keys_out_.data();
    p.terms_in = terms_in_.data();
    p.terms_out = terms_out_.data();
    p.slot_rows = slot_rows_.data();
    p.slot_values = slot_values_.data();
    p.groups_in = groups_in_.data();
    p.groups_out = groups_out_.data();
    p.columns_in = columns_in_.data();
    p.columns_out = columns_out_.data();
    p.group_squares = group_squares_.data();
    p.factors = factors_.data();
    p.bad = bad_.data();
    p.records = live_.records.data();
    p.biases = live_.biases.data();
    p.bias_gradient = bias_gradient_.data();
    return p;
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
void SparseBackend::queue_step(bool all) const {
    const SparseStepParams p = params();
    const auto launched = [](int status, const char* kernel) { check_launch(status, kernel, sparse_subject); };
    const int threads = plan_.threads;
    cudaStream_t stream = stream_.get();
    launched(kernels::launch_sparse_rows(p, plan_.row_blocks, threads, stream), "sparse_rows");
    launched(kernels::launch_sparse_scan(p, threads, stream), "sparse_scan");
    launched(kernels::launch_sparse_scores(p, plan_.score_blocks, threads, stream), "sparse_scores");
    queue_sort(false);
    launched(kernels::launch_sparse_columns(p, plan_.entry_blocks, threads, stream), "sparse_columns");
    if (plan_.clips_by_norm) {
        queue_sort(true);
        launched(kernels::launch_sparse_norm(p, plan_.norm_blocks, threads, stream), "sparse_norm");
    }
    launched(kernels::launch_sparse_decide(p, threads, stream), "sparse_decide");
    if (plan_.touches) launched(kernels::launch_sparse_update(p, plan_.entry_blocks, threads, stream), "sparse_update");
    if (all || plan_.runs_over_all)
        launched(kernels::launch_sparse_update_all(p, plan_.column_blocks, threads, stream), "sparse_update_all");
}

/// The table of some steps of a segment, on the host's side; which of them run over all parameters of some member.
void SparseBackend::fill_table(const Segment<float>& segment, std::int64_t first, std::int64_t steps) {
    const std::int64_t members = problem_.members, per_epoch = problem_.batches.steps_per_epoch, begin = segment.first_step + first;
    const float* scalars = segment.scalars + first * members * rules::scalars_a_member;
    std::copy_n(scalars, steps * members * rules::scalars_a_member, host_scalars_.data());
    table_epochs_ = (begin % per_epoch + steps - 1) / per_epoch + 1;
    for (std::int64_t e = 0; e < table_epochs_; ++e) host_orders_.data()[e] = problem_.batches.order.epoch(begin / per_epoch + e);
    std::vector<double> numbers = slow_.numbers;
    all_.assign(static_cast<std::size_t>(steps), 0);
    for (std::int64_t s = 0; s < steps; ++s)
        for (std::int64_t m = 0; m < members; ++m) {
            double* own = numbers.data() + m * idle_numbers;
            kernels::SparseWaiting& waiting = host_waiting_.data()[s * members + m];
            waiting.product_before = static_cast<float>(own[0]);
            waiting.sum_before = static_cast<float>(own[1]);
            const bool all = advance_waiting(problem_.idle, begin + s, scalars + (s * members + m) * rules::scalars_a_member, own);
            waiting.product_after = static_cast<float>(own[0]);
            waiting.sum_after = static_cast<float>(own[1]);
            waiting.all = all ? 1 : 0;
            if (all) all_[static_cast<std::size_t>(s)] = 1;
        }
    kernels::SparseControl& control = *host_control_.data();
    control = {};
    control.first_batch = begin % per_epoch;
    control.clock = slow_.clock;
}

/// Brings the table to the device and sets its steps off.
void SparseBackend::queue_table(std::int64_t steps) {
    const std::int64_t members = problem_.members;
    stream_.copy(orders_.data(), host_orders_.data(), table_epochs_, cudaMemcpyHostToDevice, "row orders of the epochs");
    stream_.copy(scalars_.data(), host_scalars_.data(), steps * members * rules::scalars_a_member, cudaMemcpyHostToDevice,
                 "scalars of the steps");
    stream_.copy(waiting_.data(), host_waiting_.data(), steps * members, cudaMemcpyHostToDevice, "scalars of the steps");
    stream_.copy(control_.data(), host_control_.data(), 1, cudaMemcpyHostToDevice, "the course of a segment");
    for (const char all : all_) {
        std::unique_ptr<Graph>& graph = all != 0 ? step_over_all_ : step_;
        if (!graph)
            graph = std::make_unique<Graph>(
                stream_, [&] { queue_step(all != 0); }, sparse_subject);
        graph->launch(stream_, sparse_subject);
    }
    stream_.copy(host_control_.data() + 1, control_.data(), 1, cudaMemcpyDeviceToHost, "the course of a segment");
    stream_.copy(host_losses_.data(), losses_.data(), steps * members, cudaMemcpyDeviceToHost, "losses of the steps");
    stream_.synchronize(std::to_string(steps) + " steps on sparse rows");
}

/// The state as it is now, for roll_back and for a segment that fails. Sums that a step left when it was not taken are forgotten.
void SparseBackend::keep_before() {
    kept_ = can_roll_back_ = false;
    stream_.copy(before_.records.data(), live_.records.data(), live_.records.count(), cudaMemcpyDeviceToDevice, "the state before");
    stream_.copy(before_.biases.data(), live_.biases.data(), live_.biases.count(), cudaMemcpyDeviceToDevice, "the state before");
    check(cudaMemsetAsync(bad_.data(), 0, static_cast<std::size_t>(bad_.bytes()), stream_.get()), "cudaMemsetAsync", "signals of members");
    slow_before_ = slow_;
    kept_ = true;
}

/// Back to the state before a segment that failed, without a call that may fail too.
void SparseBackend::lose_segment() noexcept {
    if (!kept_) return;
    (void)cudaStreamSynchronize(stream_.get());  // graphs go only when they are over
    std::swap(live_, before_);
    slow_ = slow_before_;
    step_.reset();
    step_over_all_.reset();
    kept_ = can_roll_back_ = false;
}

SegmentReport SparseBackend::run(const Segment<float>& segment) {
    const DeviceScope scope(card_.facts.ordinal);
    if (slow_.clock >= wishes_.latest_clock) set_state(get_state());  // ages stay, stamps move down
    const std::int64_t members = problem_.members;
    SegmentReport report;
    loss_sums_.clear();
    try {
        keep_before();
        for (std::int64_t first = 0; first < segment.steps && !report.frozen; first += plan_.budget.table_steps) {
            const std::int64_t steps = std::min(plan_.budget.table_steps, segment.steps - first);
            fill_table(segment, first, steps);
            queue_table(steps);
            const kernels::SparseControl& control = host_control_.data()[1];
            report.steps_done += control.step;
            report.frozen = control.frozen_member >= 0;
            report.frozen_member = std::max<std::int64_t>(0, control.frozen_member);
            loss_sums_.insert(loss_sums_.end(), host_losses_.data(), host_losses_.data() + control.step * members);
            for (std::int64_t s = first; s < first + control.step; ++s)
                for (std::int64_t m = 0; m < members; ++m)
                    (void)advance_waiting(problem_.idle, segment.first_step + s,
                                          segment.scalars + (s * members + m) * rules::scalars_a_member,
                                          slow_.numbers.data() + m * idle_numbers);
            slow_.clock += static_cast<std::uint32_t>(control.step);
        }
        if (report.frozen) {
            check_launch(kernels::launch_sparse_drop(params(), plan_.entry_blocks, plan_.threads, stream_.get()), "sparse_drop",
                         "a step that was not taken");
            stream_.synchronize("a step that was not taken");
        }
    } catch (...) {
        lose_segment();
        throw;
    }
    can_roll_back_ = true;
    report.loss_sums = loss_sums_;
    return report;
}

void SparseBackend::roll_back() {
    if (!can_roll_back_) fail(ErrorKind::internal, "there is no segment to roll back");
    lose_segment();
}

void SparseBackend::score(MatrixView<const float>, const float*, std::span<float>) {
    fail(ErrorKind::internal, "a run on sparse rows was asked to score dense ones");
}

void SparseBackend::score(SparseView<const float> x, const float* parameters, std::span<float> scores_out) {
    const DeviceScope scope(card_.facts.ordinal);
    scorer_->score(x, parameters, scores_out);
}

std::string SparseBackend::description() const {
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "some %.0f bytes a nonzero; expected %.3g us a step, mostly ", plan_.bytes_a_nonzero,
                  plan_.prediction.seconds * 1e6);
    std::string text = "CUDA device " + std::to_string(card_.facts.ordinal) + " (" + card_.facts.name +
                       "), sparse rows, batches of up to " + std::to_string(plan_.capacity) + " nonzeros, " + numbers +
                       plan_.prediction.bound_by + "; " + in_bytes(plan_.budget.total()) + " of device memory";
    if (plan_.runs_over_all)
        text += "; every step reads and writes all parameters, " + in_bytes(plan_.bytes_of_all()) + ", since " + problem_.idle.why_all +
                " (lazy_adam, adagrad and ftrl without penalties and average touch only the batch's columns)";
    return text + ".";
}

std::unique_ptr<SparseBackend> make_sparse_backend_with(const Problem<float>& problem, const BackendLimits& limits,
                                                        const SparseWishes& wishes) {
    (void)usable_card(limits.cuda_ordinal);  // says what is missing before the device is chosen
    const DeviceScope scope(limits.cuda_ordinal);
    return std::make_unique<SparseBackend>(problem, limits, wishes);
}

std::unique_ptr<Backend<float>> make_sparse_backend(const Problem<float>& problem, const BackendLimits& limits) {
    return make_sparse_backend_with(problem, limits, {});
}

}  // namespace glissade::cuda
