// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/execution/backend.hpp"
#include "host/scheduler/scheduler.hpp"
#include "host/train/checkpoint_file.hpp"
#include "host/train/device_choice.hpp"
#include "host/train/problem_setup.hpp"
#include "host/train/score_metrics.hpp"
#include "host/train/store.hpp"
#include "host/train/training_state.hpp"

namespace glissade {

/// Drives a backend through a run: segments, epochs, validation, stopping, members that diverge, checkpoints, callbacks.
template <class Real>
class TrainingLoop {
public:
    /// `rows` and the others must outlive the loop.
    TrainingLoop(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows);

    void begin(RunState<Real> state);
    /// Begins from the newest checkpoint in `directory` that is intact; throws Error(data) if there is none or it belongs to other settings
    /// or data.
    void begin_from(const std::string& directory);
    /// Runs to the end, or to the first reason to stop.
    StopReason run();
    /// Runs to the end of the epoch under way, or to the first reason to stop: what run_epoch() and run() go on from.
    StopReason run_epoch();

    /// The host's side of the run, for callers that set rates or penalties between epochs.
    Scheduler<Real>& scheduler() { return *scheduler_; }
    const Scheduler<Real>& scheduler() const { return *scheduler_; }
    /// The rate of a run of one member from here on, where its schedule watches the loss.
    void hold_rate(double rate);
    bool on_cuda() const { return device_.cuda; }

    const RunState<Real>& state() const { return state_; }
    /// Parameters of a member as its model has them: the running average once it has begun.
    std::vector<Real> model_parameters(std::size_t member) const;
    double seconds() const;
    std::string plan() const { return plan_; }
    CheckpointShape shape() const;

private:
    StopReason run_segments();
    void rebuild();
    /// A segment that was set off, or, where the backend does not run ahead, is to be run.
    struct Launched {
        Segment<Real> segment;
        std::vector<double> memory_before;  ///< of the scheduler
        std::chrono::steady_clock::time_point begun;
    };
    bool runs_ahead() const { return backend_->most_started_steps() > 0; }
    Launched launch(std::int64_t step);
    void launch_ahead(const Launched& now);
    SegmentReport collect(const Launched& now);
    void drop_ahead();
    std::int64_t wanted_steps(std::int64_t step) const;
    void absorb(const SegmentReport& report, std::int64_t first_step);
    void close_epoch(std::size_t member, std::int64_t steps_done);
    void freeze_member(std::int64_t position, std::int64_t segment_first);
    void remove_member(std::int64_t position);
    void observe_losses();
    void retire_stalled();
    bool stalled(const MemberTrack<Real>& track) const;
    void validate();
    JudgedSums judge(const Real* parameters);
    StopReason reason_of_end() const;
    std::optional<StopReason> reason_to_stop(Control control) const;
    bool checkpoint_is_due(bool epoch_ended) const;
    void save_checkpoint(bool at_end);
    Control report_progress(const SegmentReport& report, std::int64_t first_step);
    std::size_t leading(const std::vector<std::size_t>& living, const std::vector<double>& segment_losses) const;
    std::vector<EpochRecord> epochs_after(std::int64_t step) const;
    std::vector<std::size_t> alive() const;
    std::int64_t rows_of_epoch() const;

    const Dataset& data_;
    const TrainOptions& options_;
    const ResolvedRun& run_;
    const TrainingRows<Real>& rows_;
    DeviceChoice device_;
    Problem<Real> problem_;                     ///< as rows_.problem, with the members that are alive
    std::vector<std::int32_t> member_sets_;     ///< of them
    std::vector<std::uint64_t> dropout_seeds_;  ///< likewise
    std::unique_ptr<Scheduler<Real>> scheduler_;
    std::unique_ptr<Backend<Real>> backend_;
    std::optional<CheckpointStore> store_;
    std::string fingerprint_, settings_, plan_;
    JudgedTotals validation_totals_;
    RunState<Real> state_;
    std::optional<Launched> ahead_;  ///< the segment behind the one whose report is looked at
    std::int64_t segment_steps_ = 1;
    std::chrono::steady_clock::time_point collected_;  ///< when the last report came
    std::int64_t saved_step_ = -1;
    std::optional<double> saved_seconds_;  ///< when this process last saved
    bool writing_begun_ = false;
    bool pauses_at_epochs_ = false;
    std::int64_t first_run_step_ = 0;  ///< where this run, or this resumed part of it, began
    std::chrono::steady_clock::time_point begun_;
};

/// Zeros, or the parameters of a warm start brought into the units of this run; rule state as the rule begins.
template <class Real>
RunState<Real> initial_state(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows);

/// Targets of `data` in the units that the run trains in.
template <class Real>
std::vector<Real> targets_in_units(const Dataset& data, Task task, const std::vector<double>& scale, const std::vector<double>& shift);

/// The fingerprint of training and validation data together.
std::string fingerprint_of(const Dataset& data, const TrainOptions& options);

}  // namespace glissade
