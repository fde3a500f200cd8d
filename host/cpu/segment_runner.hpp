// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "host/cpu/aligned_array.hpp"
#include "host/cpu/budget.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/row_stream.hpp"
#include "host/cpu/step_plan.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// What one thread works with.
template <class Real>
struct Worker {
    AlignedArray<Real> stack;   ///< partial sums that wait to be merged, one a level
    AlignedArray<Real> tile;    ///< scores, losses, targets, weights
    AlignedArray<Real> mapped;  ///< a tile's rows, through the map of the columns, rounded
    const Real* rows[tile_rows] = {};
    const Real* rows_ahead[tile_rows] = {};
    RowStream stream;
};

/// Runs the steps of a segment on a team of threads. A step is three phases: partial sums by slots of rows; their tree, the mean and the
/// clipping by slices of parameters; the update by slices. Where the parameters are few, the last two are done by whichever thread finishes
/// the first phase last, and where the batch is small too, all is done by one thread.
template <class Real>
class SegmentRunner {
public:
    SegmentRunner(const Problem<Real>& problem, ThreadTeam& team);

    /// Runs on `live`, laid out as [parameters, state vectors] of [members][member_stride]. Writes a loss a step and member.
    SegmentReport run(const Segment<Real>& segment, Real* live, std::vector<double>& losses_out);
    /// Threads that a full batch is shared among.
    int threads() const { return full_.threads; }
    /// Whether they share the update too.
    bool updates_together() const { return together_; }

private:
    void run_thread(int thread);
    void run_single_rows(Worker<Real>& worker);
    void sum_partials(Worker<Real>& worker, int thread, const StepPlan& plan);
    SlopeTask<Real> slope_task(Worker<Real>& worker, int rows);
    void sum_tile(Worker<Real>& worker, int rows, bool first, Real* sums);
    void fetch(Worker<Real>& worker, int rows);
    Real* slot_sums(std::int64_t slot) { return slots_.data() + slot * layout_.sum_size; }

    bool finish_alone(std::int64_t step, const StepPlan& plan);
    bool finish_together(int thread, std::int64_t step, const StepPlan& plan);
    void add_slots(const StepPlan& plan, std::int64_t begin, std::int64_t end);
    void mean_weights(const StepPlan& plan, std::int64_t begin, std::int64_t end);
    bool decide(std::int64_t step, const StepPlan& plan);
    void freeze(std::int64_t member);
    void clip_norms();
    void update_weights(std::int64_t step, int part, int parts);
    void update_biases(std::int64_t step);
    void update(const Real* scalars, std::int64_t begin, std::int64_t end);

    const Problem<Real>& problem_;
    ThreadTeam& team_;
    Layout layout_;
    ElementLoops<Real> loops_;
    DotLoop<Real> dots_;
    GradientLoop<Real> add_rows_;
    SingleLoop<Real> single_row_;
    SlopeLoop<Real> slopes_;
    UpdateLoop<Real> update_;
    FillRows fill_rows_;
    StepPlan full_, last_;
    bool together_ = false;  ///< phases two and three are shared by the team
    int rows_a_tile_ = 1, rows_ahead_ = 1;

    std::vector<std::unique_ptr<Worker<Real>>> workers_;
    AlignedArray<Real> slots_, gradient_;
    std::unique_ptr<std::atomic<bool>[]> not_finite_;  ///< a member

    const Segment<Real>* segment_ = nullptr;
    Real* live_ = nullptr;
    double* losses_ = nullptr;
    std::int64_t steps_done_ = 0;
    bool frozen_ = false;
    std::int64_t frozen_member_ = 0;
};

}  // namespace glissade::cpu
