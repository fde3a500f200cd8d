// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "host/cpu/aligned_array.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/sparse_plan.hpp"
#include "host/cpu/sparse_rows.hpp"
#include "host/cpu/step_plan.hpp"
#include "host/execution/idle.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// What one thread of a sparse run has of its own.
template <class Real>
struct SparseWorker {
    RowStream stream;
    AlignedArray<Real> tile;                  ///< scores, losses, weights and targets of a tile, then four lanes a model
    AlignedArray<Real> block;                 ///< gradients, theta and state of some columns
    AlignedArray<Real> slopes;                ///< [rows of this thread][models]
    AlignedArray<SparseEntry<Real>> entries;  ///< of this thread's rows, for each thread those of the columns that it adds, ...
    std::int64_t entries_a_part = 0;          ///< ... with room for so many
    std::vector<SparseEntry<Real>*> next;     ///< where those of each thread end
    AlignedArray<std::uint32_t> held;         ///< columns found without a gradient: new to the batch, or only zeros were added so far
    AlignedArray<Touched> touched;            ///< columns that this thread adds, in the order in which the batch first holds them
    std::int64_t touched_count = 0, row_count = 0;
    Real *undo_begin = nullptr, *undo_end = nullptr;  ///< its columns as they were before the segment, as far as touched since
    std::uint32_t now = 0;                            ///< stamp of the step under way
    bool row_is_kept = false;                         ///< the gradient of the step's only row is in `block`, not in the records
    bool has_large = false;                           ///< a term of this step is above `harmless`, or not a number
    Real harmless = 0;                                ///< so many terms as a batch has rows add up to a finite number
    std::vector<char> not_finite;                     ///< a member
    std::int64_t ids[tile_rows + 1];                  ///< rows of a tile, and the next

    SparseEntry<Real>* part_of(std::size_t thread) { return entries.data() + static_cast<std::int64_t>(thread) * entries_a_part; }
    void begin_step(std::uint32_t stamp) {
        now = stamp;
        has_large = row_is_kept = false;
        touched_count = row_count = 0;
        for (std::size_t t = 0; t < next.size(); ++t) next[t] = part_of(t);
    }
};

/// Runs segments on sparse rows.
///
/// A step has three phases, with a barrier after each: threads score their rows and sort the entries by the thread that adds their column;
/// each adds its columns' gradients in row order, whoever scored the row; each updates its columns. One thread alone adds a tile's entries
/// as soon as its rows are scored, which is the same order. So is every sum, for any number of threads.
///
/// Whether a column is new to the batch is told by its gradient, which must be read anyway: it is zero until something is added. The stamp,
/// a second number to read and write for each entry, is looked at only for those.
template <class Real>
class SparseRunner {
public:
    static constexpr std::int64_t block_columns = 256;
    static constexpr std::int64_t most_held = 4096;  ///< are listed before they are told apart, while their records are still near

    SparseRunner(const Problem<Real>& problem, const SparsePlan& plan, ThreadTeam& team);

    SegmentReport run(const Segment<Real>& segment, std::vector<double>& losses_out);
    void set_state(const TrainingState<Real>& state);
    TrainingState<Real> get_state() const;
    void roll_back();

private:
    /// What changes in a segment, beside the records.
    struct Slow {
        std::vector<Real> biases;     ///< [1 + state_vectors][models]
        std::vector<double> numbers;  ///< IdlePlan's, a member
        std::uint32_t clock = 0;      ///< steps so far, from an arbitrary start: what stamps count
    };

    void run_thread(int thread);
    void score_rows(SparseWorker<Real>& worker, int thread, const StepPlan& plan);
    void score_tile(SparseWorker<Real>& worker, int rows);
    void score_row(SparseWorker<Real>& worker, const SparseRow<Real>& row, Real* out);
    void add_partial(SparseWorker<Real>& worker, int rows, std::int64_t partial);
    void keep_tile(SparseWorker<Real>& worker, int rows);
    void add_tile(SparseWorker<Real>& worker, int rows);
    bool keep_row(SparseWorker<Real>& worker);
    std::uint32_t* list_touched(SparseWorker<Real>& worker, const std::uint32_t* held_end);
    template <bool Single>
    void sort_tile(SparseWorker<Real>& worker, int rows);
    void collect(SparseWorker<Real>& worker, int thread);
    void check_sums(SparseWorker<Real>& worker, const StepPlan& plan);
    void fetch(SparseWorker<Real>& worker, int rows);

    void decide(std::int64_t step, const StepPlan& plan);
    void freeze(std::int64_t member);
    void clip_norms();
    void advance_waiting(std::int64_t step);
    void update_biases(std::int64_t step);
    void end_step();
    void drop_step(const SparseWorker<Real>& worker);

    void update(SparseWorker<Real>& worker, int thread, std::int64_t step);
    void update_row(SparseWorker<Real>& worker, std::int64_t step);
    template <bool FromRecords>
    void update_block(SparseWorker<Real>& worker, const std::uint32_t* columns, const std::uint32_t* stamps, std::int64_t count,
                      std::int64_t member, std::int64_t step);
    void update_all(SparseWorker<Real>& worker, int thread, std::int64_t member, std::int64_t step);
    void average_others(const SparseWorker<Real>& worker, int thread, std::int64_t member, std::int64_t step);
    void catch_up(Real* theta, const Real* marks, const std::uint32_t* stamps, std::int64_t count, std::uint32_t now, std::int64_t member,
                  const Real* k) const;
    void save(SparseWorker<Real>& worker, std::uint32_t column, std::uint32_t stamp);
    void save_all();
    /// Reals of a saved column: its number, then its record without the gradient.
    std::int64_t saved_size() const { return 1 + layout_.gradient_at(); }
    SparseWorker<Real>& owner_of(std::uint32_t column) { return *workers_[static_cast<std::size_t>(part_of_group_[group_of(column)])]; }

    Real* record(std::int64_t column) { return records_.data() + column * layout_.stride; }
    const Real* record(std::int64_t column) const { return records_.data() + column * layout_.stride; }
    const Real* scalars(std::int64_t step, std::int64_t member) const {
        return segment_->scalars + (step * layout_.members + member) * rules::scalars_a_member;
    }
    std::uint32_t now(std::int64_t step) const { return slow_.clock + static_cast<std::uint32_t>(step) + 1; }
    bool waits_by_product() const { return problem_.idle.by_product(); }
    /// Gradient of the mean loss, held within the limit.
    Real mean_of(Real sum, Real rows) const {
        const Real mean = sum / rows, limit = problem_.clip_value;
        return limit > Real(0) ? rules::smaller(rules::larger(mean, -limit), limit) : mean;
    }
    void renew_clock();
    void read_waiting();

    const Problem<Real>& problem_;
    ThreadTeam& team_;
    SparsePlan plan_;
    SparseLayout layout_;
    SlopeLoop<Real> slopes_;
    UpdateLoop<Real> update_;
    FillRows fill_rows_;
    StepPlan full_, last_;
    int part_of_group_[column_groups];
    bool by_row_ = false;  ///< steps have one row and one model, and nothing goes by all gradients of a step

    std::vector<std::unique_ptr<SparseWorker<Real>>> workers_;
    AlignedArray<Real> records_;                         ///< gradients are zero between steps
    AlignedArray<Real> undo_;                            ///< saved columns, each thread's in a part of its own
    AlignedArray<Real> partials_;                        ///< [partials][members losses, models biases]
    AlignedArray<Real> bias_gradient_;                   ///< [models]
    Real rows_ = 1;                                      ///< of this step's batch
    std::vector<Real> factors_;                          ///< of clip_norm, a member
    std::vector<char> all_;                              ///< a member: this step runs over all of its parameters
    std::vector<Waiting<Real>> waiting_, next_waiting_;  ///< a member: before and after this step
    std::vector<Real> group_squares_;                    ///< [groups][members]
    Slow slow_, slow_before_;
    bool saved_all_ = false, can_roll_back_ = false;

    const Segment<Real>* segment_ = nullptr;
    double* losses_ = nullptr;
    std::int64_t steps_done_ = 0;
    bool frozen_ = false;
    std::int64_t frozen_member_ = 0;
};

}  // namespace glissade::cpu
