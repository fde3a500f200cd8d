// SPDX-License-Identifier: Apache-2.0
// TrainingLoop: what a run tells of its progress.
#include <algorithm>
#include <iterator>
#include <vector>

#include "host/train/training_loop.hpp"

namespace glissade {

template <class Real>
Control TrainingLoop<Real>::report_progress(const SegmentReport& report, std::int64_t first_step) {
    if (!options_.on_segment || report.steps_done == 0) return Control::go_on;
    const auto living = alive();
    std::vector<double> sums(living.size(), 0.0);
    for (std::size_t i = 0; i < report.loss_sums.size(); ++i) sums[i % sums.size()] += report.loss_sums[i];
    const std::size_t lead = leading(living, sums);
    const MemberTrack<Real>& track = state_.tracks[living[lead]];
    const auto& plan = run_.batches;
    const auto rows_before = [&](std::int64_t step) {
        return step / plan.steps_per_epoch * rows_of_epoch() + std::min(step % plan.steps_per_epoch * plan.batch_size, rows_of_epoch());
    };
    const auto rows = static_cast<double>(rows_before(state_.step) - rows_before(first_step));
    Progress progress;
    progress.step = state_.step;
    progress.total_steps = run_.total_steps;
    progress.epoch = scheduler_->epoch_of(state_.step);
    progress.total_epochs = run_.total_epochs;
    progress.members = run_.settings;
    progress.member = static_cast<std::int64_t>(living[lead]);
    progress.loss = sums[lead] / rows;
    progress.lr = scheduler_->lr(state_.step - 1, static_cast<std::int64_t>(lead));
    progress.seconds = seconds();
    progress.rows_per_second =
        static_cast<double>(rows_before(state_.step) - rows_before(first_run_step_)) / std::max(progress.seconds, 1e-9);
    progress.epoch_ended = progress.epoch > scheduler_->epoch_of(first_step);
    if (scheduler_->ends_epoch(state_.step)) progress.validation = track.history.back().validation;
    progress.finished_epochs = epochs_after(first_step);
    return options_.on_segment(progress);
}

/// The position in `living` of the member that would be kept if the run ended here.
template <class Real>
std::size_t TrainingLoop<Real>::leading(const std::vector<std::size_t>& living, const std::vector<double>& segment_losses) const {
    const auto loss = [&](std::size_t i) {
        const MemberTrack<Real>& track = state_.tracks[living[i]];
        if (track.best_epoch > 0) return track.best_loss;
        return track.history.empty() ? segment_losses[i] : track.history.back().loss;
    };
    std::size_t lead = 0;
    for (std::size_t i = 1; i < living.size() && static_cast<std::int64_t>(living[i]) < run_.settings; ++i)
        if (loss(i) < loss(lead)) lead = i;
    return lead;
}

template <class Real>
std::vector<EpochRecord> TrainingLoop<Real>::epochs_after(std::int64_t step) const {
    std::vector<EpochRecord> records;
    for (const std::size_t m : alive()) {
        if (static_cast<std::int64_t>(m) >= run_.settings) break;
        const auto& history = state_.tracks[m].history;
        auto first = history.end();
        while (first != history.begin() && std::prev(first)->step > step) --first;
        records.insert(records.end(), first, history.end());
    }
    std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
    return records;
}

// One by one, as the class is instantiated beside the rest of its members.
template Control TrainingLoop<float>::report_progress(const SegmentReport&, std::int64_t);
template Control TrainingLoop<double>::report_progress(const SegmentReport&, std::int64_t);
template std::size_t TrainingLoop<float>::leading(const std::vector<std::size_t>&, const std::vector<double>&) const;
template std::size_t TrainingLoop<double>::leading(const std::vector<std::size_t>&, const std::vector<double>&) const;
template std::vector<EpochRecord> TrainingLoop<float>::epochs_after(std::int64_t) const;
template std::vector<EpochRecord> TrainingLoop<double>::epochs_after(std::int64_t) const;

}  // namespace glissade
