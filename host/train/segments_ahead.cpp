// SPDX-License-Identifier: Apache-2.0
// TrainingLoop: segments on their way.
#include <algorithm>
#include <utility>

#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

constexpr double segment_seconds = .05;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

template <class Real>
std::int64_t TrainingLoop<Real>::wanted_steps(std::int64_t step) const {
    std::int64_t steps = options_.segment_steps > 0 ? options_.segment_steps : segment_steps_;
    const std::int64_t every = options_.checkpoint.every_steps;
    if (store_ && every > 0) steps = std::min(steps, every - step % every);
    return runs_ahead() ? std::min(steps, backend_->most_started_steps()) : steps;
}

template <class Real>
typename TrainingLoop<Real>::Launched TrainingLoop<Real>::launch(std::int64_t step) {
    const bool at_epochs = options_.validation.rows() > 0 || options_.tol > 0 || options_.schedule.watches_loss() || pauses_at_epochs_ ||
                           run_.members[0].optimizer.driven_by_host() || (store_ && options_.checkpoint.every_steps == 0);
    Launched launched;
    launched.memory_before = scheduler_->memory;
    launched.begun = std::chrono::steady_clock::now();
    launched.segment = scheduler_->next(step, wanted_steps(step), at_epochs);
    if (runs_ahead()) backend_->start(launched.segment);
    return launched;
}

/// Sets off the segment behind `now` before the report of `now` is there, unless what it computes depends on that report.
template <class Real>
void TrainingLoop<Real>::launch_ahead(const Launched& now) {
    const std::int64_t end = now.segment.first_step + now.segment.steps;
    if (!runs_ahead() || end >= run_.total_steps) return;
    if ((options_.schedule.watches_loss() || pauses_at_epochs_) && scheduler_->ends_epoch(end)) return;
    ahead_ = launch(end);
}

template <class Real>
SegmentReport TrainingLoop<Real>::collect(const Launched& now) {
    const SegmentReport report = runs_ahead() ? backend_->wait() : backend_->run(now.segment);
    const double ratio = segment_seconds / std::max(seconds_since(std::max(now.begun, collected_)), 1e-6);
    collected_ = std::chrono::steady_clock::now();
    segment_steps_ =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(now.segment.steps) * std::clamp(ratio, .25, 4.0)));
    state_.rule_memory = now.memory_before;
    return report;
}

/// The segment ahead was set off on what turned out otherwise: as if it had not been.
template <class Real>
void TrainingLoop<Real>::drop_ahead() {
    if (!ahead_) return;
    backend_->discard();
    scheduler_->memory = ahead_->memory_before;
    ahead_.reset();
}

// One by one, as the class is instantiated beside the rest of its members.
template std::int64_t TrainingLoop<float>::wanted_steps(std::int64_t) const;
template std::int64_t TrainingLoop<double>::wanted_steps(std::int64_t) const;
template TrainingLoop<float>::Launched TrainingLoop<float>::launch(std::int64_t);
template TrainingLoop<double>::Launched TrainingLoop<double>::launch(std::int64_t);
template void TrainingLoop<float>::launch_ahead(const Launched&);
template void TrainingLoop<double>::launch_ahead(const Launched&);
template SegmentReport TrainingLoop<float>::collect(const Launched&);
template SegmentReport TrainingLoop<double>::collect(const Launched&);
template void TrainingLoop<float>::drop_ahead();
template void TrainingLoop<double>::drop_ahead();

}  // namespace glissade
