// SPDX-License-Identifier: Apache-2.0
// TrainingLoop: members that leave a run before its end, as they diverge, stall or settle.
#include <optional>
#include <utility>
#include <vector>

#include "host/execution/idle.hpp"
#include "host/train/diagnosis.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

constexpr std::int64_t default_tol_patience = 5;  // scikit-learn's n_iter_no_change

}  // namespace

template <class Real>
void TrainingLoop<Real>::freeze_member(std::int64_t position, std::int64_t segment_first) {
    drop_ahead();
    const std::int64_t step = state_.step;
    const std::size_t member = alive()[static_cast<std::size_t>(position)];
    MemberTrack<Real>& track = state_.tracks[member];
    state_.live = backend_->get_state();
    track.final_parameters = model_parameters(member);
    Divergence where{
        step + 1, step / run_.batches.steps_per_epoch + 1, step % run_.batches.steps_per_epoch + 1, static_cast<std::int64_t>(member), {}};
    where.message = explain_divergence(rows_.problem, run_, options_, where);
    track.divergence = where;
    // The others go on from where the segment froze: what rules carry from step to step is replayed up to there.
    scheduler_->memory = state_.rule_memory;
    for (std::int64_t s = segment_first; s < step;) s += scheduler_->next(s, step - s, false).steps;
    remove_member(position);
}

/// Takes a member whose final parameters are known out of the live state; the others go on without it.
template <class Real>
void TrainingLoop<Real>::remove_member(std::int64_t position) {
    MemberTrack<Real>& track = state_.tracks[alive()[static_cast<std::size_t>(position)]];
    scheduler_->drop(position);
    state_.rule_memory = scheduler_->memory;
    const auto count = static_cast<std::ptrdiff_t>(problem_.parameter_count());
    const auto cut = [&](std::vector<Real>& values) {
        values.erase(values.begin() + position * count, values.begin() + (position + 1) * count);
    };
    cut(state_.live.parameters);
    for (auto& vector : state_.live.state) cut(vector);
    if (auto& waiting = state_.live.waiting; !waiting.empty())
        waiting.erase(waiting.begin() + position * idle_numbers, waiting.begin() + (position + 1) * idle_numbers);
    if (!state_.live.solver.empty()) state_.live.solver.erase(state_.live.solver.begin() + position);
    track.alive = false;
    rebuild();
}

template <class Real>
void TrainingLoop<Real>::retire_stalled() {
    if (state_.step >= run_.total_steps) return;  // the run is over anyway
    const auto living = alive();
    for (std::size_t i = living.size(); i-- > 0;) {
        MemberTrack<Real>& track = state_.tracks[living[i]];
        if (!track.alive || !(stalled(track) || backend_->settled(static_cast<std::int64_t>(i)))) continue;
        drop_ahead();
        state_.live = backend_->get_state();
        track.final_parameters = model_parameters(living[i]);
        remove_member(static_cast<std::int64_t>(i));
    }
}

template <class Real>
bool TrainingLoop<Real>::stalled(const MemberTrack<Real>& track) const {
    if (track.watch.over) return true;
    const bool by_validation = options_.tol == 0;
    const std::int64_t patience = options_.patience > 0 ? options_.patience : (by_validation ? 0 : default_tol_patience);
    return patience > 0 && (by_validation ? track.validation_stalls : track.training_stalls) >= patience;
}

/// Why every member has retired.
template <class Real>
StopReason TrainingLoop<Real>::reason_of_end() const {
    if (options_.tol > 0) return StopReason::tol;
    if (options_.patience > 0) return StopReason::patience;
    return run_.members[0].optimizer.driven_by_host() ? StopReason::converged : StopReason::tol;
}

// One by one, as the class is instantiated beside the rest of its members.
template void TrainingLoop<float>::freeze_member(std::int64_t, std::int64_t);
template void TrainingLoop<double>::freeze_member(std::int64_t, std::int64_t);
template void TrainingLoop<float>::remove_member(std::int64_t);
template void TrainingLoop<double>::remove_member(std::int64_t);
template void TrainingLoop<float>::retire_stalled();
template void TrainingLoop<double>::retire_stalled();
template bool TrainingLoop<float>::stalled(const MemberTrack<float>&) const;
template bool TrainingLoop<double>::stalled(const MemberTrack<double>&) const;
template StopReason TrainingLoop<float>::reason_of_end() const;
template StopReason TrainingLoop<double>::reason_of_end() const;

}  // namespace glissade
