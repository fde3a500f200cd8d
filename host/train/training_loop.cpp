// SPDX-License-Identifier: Apache-2.0
#include "host/train/training_loop.hpp"

#include <algorithm>
#include <utility>

#include "glissade/device.hpp"
#include "host/execution/idle.hpp"
#include "host/train/backend_choice.hpp"
#include "host/train/lbfgs_backend.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/settings_json.hpp"

namespace glissade {

namespace {

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

template <class Real>
TrainingLoop<Real>::TrainingLoop(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows)
    : data_(data), options_(options), run_(run), rows_(rows), problem_(rows.problem) {
    if (options.validation.rows() > 0) validation_totals_ = judged_totals(rows.held_out);
    if (!options.checkpoint.directory.empty()) {
        store_.emplace(posix_io(), options.checkpoint.directory, options.checkpoint.keep);
        fingerprint_ = fingerprint_of(data, options);
        settings_ = settings_json(run, run.members, options).dump();
    }
}

template <class Real>
CheckpointShape TrainingLoop<Real>::shape() const {
    return {static_cast<std::int64_t>(run_.members.size()), problem_.parameter_count(),       problem_.state_vectors(),
            problem_.is_sparse() ? idle_numbers : 0,        options_.schedule.watches_loss(), run_.members[0].optimizer.driven_by_host()};
}

template <class Real>
std::vector<std::size_t> TrainingLoop<Real>::alive() const {
    std::vector<std::size_t> out;
    for (std::size_t m = 0; m < state_.tracks.size(); ++m)
        if (state_.tracks[m].alive) out.push_back(m);
    return out;
}

template <class Real>
void TrainingLoop<Real>::begin(RunState<Real> state) {
    state_ = std::move(state);
    first_run_step_ = state_.step;
    // A guess of the work of a step, so that the first segment is neither instant nor endless; later ones follow the clock.
    const std::int64_t a_row = problem_.is_sparse() ? problem_.sparse.nonzeros() / problem_.sparse.rows + 1 : problem_.features.columns;
    const std::int64_t update = problem_.is_sparse() && !problem_.idle.lazy() ? problem_.features.columns : 0;
    const std::int64_t linear = (problem_.batches.batch_size * a_row + update) * problem_.outputs;
    const std::int64_t work =
        (problem_.is_network() ? problem_.batches.batch_size * problem_.parameter_count() : linear) * problem_.members;
    segment_steps_ = std::clamp<std::int64_t>((std::int64_t{1} << 26) / std::max<std::int64_t>(1, work), 1, 4096);
    rebuild();
    begun_ = std::chrono::steady_clock::now();
}

template <class Real>
void TrainingLoop<Real>::rebuild() {
    const auto living = alive();
    if (living.empty()) return;
    problem_.members = static_cast<std::int64_t>(living.size());
    std::vector<Member> members;
    members.reserve(living.size());
    member_sets_.clear();
    dropout_seeds_.clear();
    for (const std::size_t m : living) {
        members.push_back(run_.members[m]);
        dropout_seeds_.push_back(run_.members[m].dropout_seed);
        if (!run_.held_out.empty()) member_sets_.push_back(static_cast<std::int32_t>(run_.held_out[m] + 1));
    }
    problem_.member_sets = member_sets_.empty() ? nullptr : member_sets_.data();
    problem_.dropout_seeds = problem_.dropout > Real(0) ? dropout_seeds_.data() : nullptr;
    scheduler_ = std::make_unique<Scheduler<Real>>(
        SchedulerSettings{run_.batches, members, options_.schedule, run_.total_steps, options_.decay_bias, run_.average});
    scheduler_->memory = state_.rule_memory;
    for (std::size_t i = 0; i < living.size(); ++i)
        scheduler_->hold_rate(static_cast<std::int64_t>(i), state_.tracks[living[i]].watch.rate);
    if (!backend_ || !backend_->keep_members(problem_)) {
        backend_.reset();
        backend_ = make_backend(problem_, options_, device_, state_.network);
        if (members[0].optimizer.driven_by_host()) backend_ = drive_lbfgs<Real>(std::move(backend_), problem_, members);
    }
    if (const NetworkFamily family = backend_->network_family(); family != NetworkFamily::faster)  // the CPU has none, and keeps the card's
        state_.network = family;
    backend_->set_state(state_.live);
    plan_ = backend_->description() + (device_.named ? "" : " (" + device_.why + ")");
}

template <class Real>
double TrainingLoop<Real>::seconds() const {
    return since(begun_);
}

template <class Real>
std::int64_t TrainingLoop<Real>::rows_of_epoch() const {
    return std::min(run_.batches.order.rows, run_.batches.steps_per_epoch * run_.batches.batch_size);
}

template <class Real>
StopReason TrainingLoop<Real>::run() {
    const StopReason reason = run_segments();
    drop_ahead();
    if (!alive().empty()) state_.live = backend_->get_state();
    return reason;
}

template <class Real>
StopReason TrainingLoop<Real>::run_epoch() {
    pauses_at_epochs_ = true;
    const StopReason reason = run();
    pauses_at_epochs_ = false;
    return reason;
}

template <class Real>
void TrainingLoop<Real>::hold_rate(double rate) {
    state_.tracks[0].watch.rate = rate;
    scheduler_->hold_rate(0, rate);
}

template <class Real>
StopReason TrainingLoop<Real>::run_segments() {
    while (state_.step < run_.total_steps && !alive().empty()) {
        const std::int64_t first = state_.step;
        const Launched now = ahead_ ? std::move(*ahead_) : launch(first);
        ahead_.reset();
        launch_ahead(now);
        const SegmentReport report = collect(now);
        absorb(report, first);
        state_.step += report.steps_done;
        const bool epoch_ended = report.steps_done > 0 && scheduler_->ends_epoch(state_.step);
        if (epoch_ended) validate();
        const Control control = report_progress(report, first);
        if (report.frozen) freeze_member(report.frozen_member, first);
        if (epoch_ended) observe_losses();
        if (epoch_ended) retire_stalled();
        if (alive().empty()) break;
        if (const auto reason = reason_to_stop(control)) {
            save_checkpoint(true);
            return *reason;
        }
        if (!report.frozen && checkpoint_is_due(epoch_ended)) save_checkpoint(false);
        if (pauses_at_epochs_ && epoch_ended && state_.step < run_.total_steps) return StopReason::callback;
    }
    const bool any_finite = std::any_of(state_.tracks.begin(), state_.tracks.end(), [](const auto& track) { return !track.divergence; });
    if (!any_finite) return StopReason::diverged;  // the last checkpoint stays the last finite one
    save_checkpoint(true);
    if (alive().empty()) return reason_of_end();
    const std::int64_t asked = options_.epochs * run_.batches.steps_per_epoch;
    return run_.total_steps < asked ? StopReason::max_steps : StopReason::finished;
}

template <class Real>
void TrainingLoop<Real>::absorb(const SegmentReport& report, std::int64_t first_step) {
    const auto living = alive();
    for (std::int64_t s = 0; s < report.steps_done; ++s) {
        for (std::size_t i = 0; i < living.size(); ++i)
            state_.tracks[living[i]].epoch_loss += report.loss_sums[static_cast<std::size_t>(s) * living.size() + i];
        if (scheduler_->ends_epoch(first_step + s + 1))
            for (std::size_t i = 0; i < living.size(); ++i) close_epoch(living[i], first_step + s + 1);
    }
}

template <class Real>
void TrainingLoop<Real>::close_epoch(std::size_t member, std::int64_t steps_done) {
    MemberTrack<Real>& track = state_.tracks[member];
    const auto living = alive();
    const auto position = std::find(living.begin(), living.end(), member) - living.begin();
    EpochRecord record;
    record.epoch = steps_done / run_.batches.steps_per_epoch;
    record.step = steps_done;
    record.lr = scheduler_->lr(steps_done - 1, position);
    record.loss = track.epoch_loss / static_cast<double>(rows_of_epoch());
    record.seconds = seconds();
    record.member = static_cast<std::int64_t>(member);
    track.epoch_loss = 0;
    track.training_stalls = record.loss > track.lowest_training_loss - options_.tol ? track.training_stalls + 1 : 0;
    track.lowest_training_loss = std::min(track.lowest_training_loss, record.loss);
    track.history.push_back(record);
}

template <class Real>
void TrainingLoop<Real>::observe_losses() {
    if (!options_.schedule.watches_loss()) return;
    const auto living = alive();
    for (std::size_t i = 0; i < living.size(); ++i) {
        MemberTrack<Real>& track = state_.tracks[living[i]];
        const EpochRecord& record = track.history.back();
        const auto validation = record.validation ? std::optional(record.validation->loss) : std::nullopt;
        const auto member = static_cast<std::int64_t>(i);
        options_.schedule.observe(scheduler_->clock(state_.step, member), run_.members[living[i]].optimizer.get("lr"),
                                  {record.loss, validation}, track.watch);
        scheduler_->hold_rate(member, track.watch.rate);
    }
}

template <class Real>
std::vector<Real> TrainingLoop<Real>::model_parameters(std::size_t member) const {
    const MemberTrack<Real>& track = state_.tracks[member];
    if (!track.alive) return track.final_parameters;
    const auto living = alive();
    const auto position = std::find(living.begin(), living.end(), member) - living.begin();
    if (!run_.average.begun(state_.step)) return settled_parameters(problem_, state_.live, position);
    const auto first = state_.live.state.back().begin() + position * static_cast<std::ptrdiff_t>(problem_.parameter_count());
    return {first, first + static_cast<std::ptrdiff_t>(problem_.parameter_count())};
}

/// Where the backend does not judge validation rows itself, they are scored for the host.
template <class Real>
JudgedSums TrainingLoop<Real>::judge(const Real* parameters) {
    JudgedSums sums;
    if (backend_->judge(parameters, sums)) return sums;
    const Dataset& held_out = options_.validation;
    std::vector<Real> scores(static_cast<std::size_t>(held_out.rows() * problem_.outputs));
    if (held_out.is_sparse())
        backend_->score(held_out.sparse<Real>(), parameters, scores);
    else
        backend_->score(held_out.features<Real>(), parameters, scores);
    return judge_scores<Real>(rows_.held_out, scores, problem_.outputs);
}

template <class Real>
void TrainingLoop<Real>::validate() {
    if (options_.validation.rows() == 0) return;
    state_.live = backend_->get_state();
    for (const std::size_t m : alive()) {
        MemberTrack<Real>& track = state_.tracks[m];
        auto parameters = model_parameters(m);
        const Metrics metrics = metrics_of(run_.spec, options_.validation.rows(), validation_totals_, judge(parameters.data()));
        EpochRecord& record = track.history.back();
        record.validation = metrics;
        record.seconds = seconds();
        if (metrics.loss < track.best_loss) {
            track.best_loss = metrics.loss;
            track.best_epoch = record.epoch;
            track.best_parameters = std::move(parameters);
            track.validation_stalls = 0;
        } else {
            ++track.validation_stalls;
        }
    }
}

template <class Real>
std::optional<StopReason> TrainingLoop<Real>::reason_to_stop(Control control) const {
    if (control == Control::stop) return StopReason::callback;
    if (state_.step >= run_.total_steps) return std::nullopt;  // the run is over anyway
    if (options_.max_seconds > 0 && seconds() >= options_.max_seconds) return StopReason::max_seconds;
    return std::nullopt;
}

template class TrainingLoop<float>;
template class TrainingLoop<double>;

}  // namespace glissade
