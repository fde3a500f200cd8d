// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/segment_runner.hpp"

#include <algorithm>

#include "glissade/rules/update.hpp"

namespace glissade::cpu {

namespace {

/// Below this many multiply-adds a step is faster on one thread than the barrier of a team.
constexpr std::int64_t work_for_a_team = 12'000;
/// From this many parameters on a team shares the update.
constexpr std::int64_t parameters_for_a_team = 8'192;
constexpr std::int64_t tile_bytes = 160 * 1024;  ///< rows of a tile are read twice: they stay in the second-level cache
constexpr std::int64_t ahead_bytes = 12 * 1024;  ///< how far ahead rows are fetched

template <class Real>
int threads_for(const Problem<Real>& problem, int threads) {
    const std::int64_t rows = std::min(problem.batches.batch_size, problem.batches.order.rows);
    if (rows == 1) return 1;
    const std::int64_t work = rows * problem.members * problem.outputs * problem.features.columns;
    return work < work_for_a_team ? 1 : threads;
}

}  // namespace

template <class Real>
SegmentRunner<Real>::SegmentRunner(const Problem<Real>& problem, ThreadTeam& team)
    : problem_(problem),
      team_(team),
      layout_(problem.members, problem.outputs, problem.features.columns, problem.bias),
      loops_(element_loops<Real>()),
      dots_(dot_loop<Real>()),
      add_rows_(gradient_loop<Real>()),
      single_row_(single_loop<Real>()),
      slopes_(slope_loop<Real>(problem.loss)),
      update_(update_loop<Real>(problem.rule, problem.variant, problem.averaging)),
      fill_rows_(fill_rows_loop()) {
    const int threads = threads_for(problem, team.size());
    const BatchPlan& batches = problem.batches;
    full_ = StepPlan(batches.rows(0), threads);
    last_ = StepPlan(batches.rows(batches.steps_per_epoch - 1), threads);
    together_ = threads > 1 && layout_.members * layout_.parameter_count >= parameters_for_a_team;
    const std::int64_t row_bytes = std::max<std::int64_t>(layout_.columns * static_cast<std::int64_t>(sizeof(Real)), 1);
    rows_a_tile_ = static_cast<int>(std::clamp<std::int64_t>(tile_bytes / row_bytes, 2, tile_rows));
    rows_ahead_ = static_cast<int>(std::clamp<std::int64_t>(ahead_bytes / row_bytes, rows_a_tile_, 64));

    const Sizes sizes = backend_sizes(problem, team.size());
    for (int t = 0; t < threads; ++t) {
        workers_.push_back(std::make_unique<Worker<Real>>());
        workers_.back()->stack = AlignedArray<Real>(sizes.stack_a_thread);
        workers_.back()->tile = AlignedArray<Real>(sizes.tile_a_thread);
        workers_.back()->mapped = AlignedArray<Real>(sizes.rows_a_thread);
    }
    slots_ = AlignedArray<Real>(std::max(full_.slots, last_.slots) * layout_.sum_size);
    gradient_ = AlignedArray<Real>(sizes.gradient);
    not_finite_ = std::make_unique<std::atomic<bool>[]>(static_cast<std::size_t>(layout_.members));
}

template <class Real>
SegmentReport SegmentRunner<Real>::run(const Segment<Real>& segment, Real* live, std::vector<double>& losses_out) {
    segment_ = &segment;
    live_ = live;
    losses_out.resize(static_cast<std::size_t>(segment.steps * layout_.members));
    losses_ = losses_out.data();
    steps_done_ = 0;
    frozen_ = false;
    frozen_member_ = 0;
    if (full_.threads == 1)
        run_thread(0);
    else
        team_.run([this](int thread) { run_thread(thread); });
    SegmentReport report;
    report.steps_done = steps_done_;
    report.frozen = frozen_;
    report.frozen_member = frozen_member_;
    report.loss_sums = {losses_out.data(), static_cast<std::size_t>(steps_done_ * layout_.members)};
    return report;
}

template <class Real>
void SegmentRunner<Real>::run_thread(int thread) {
    Worker<Real>& worker = *workers_[static_cast<std::size_t>(thread)];
    const BatchPlan& batches = problem_.batches;
    worker.stream.start(batches, fill_rows_, full_.rows_of(thread), last_.rows_of(thread), segment_->first_step, segment_->steps);
    if (full_.shape.rows == 1) return run_single_rows(worker);
    std::int64_t batch = segment_->first_step % batches.steps_per_epoch;
    for (std::int64_t step = 0; step < segment_->steps; ++step) {
        const StepPlan& plan = batch == batches.steps_per_epoch - 1 ? last_ : full_;
        if (++batch == batches.steps_per_epoch) batch = 0;
        sum_partials(worker, thread, plan);
        bool go_on = true;
        if (plan.threads == 1) {
            go_on = finish_alone(step, plan);
        } else if (!together_) {
            team_.barrier([&] { finish_alone(step, plan); });
            go_on = !frozen_;
        } else {
            go_on = finish_together(thread, step, plan);
        }
        if (!go_on) return;
    }
}

/// The tile's scores, losses, weights and targets, one after another.
template <class Real>
SlopeTask<Real> SegmentRunner<Real>::slope_task(Worker<Real>& worker, int rows) {
    SlopeTask<Real> task;
    task.row_count = rows;
    task.members = layout_.members;
    task.outputs = layout_.outputs;
    task.target_count = problem_.target_count;
    task.constants = problem_.loss_constants;
    task.scores = worker.tile.data();
    task.losses = task.scores + layout_.models * tile_rows;
    const Real* weights = task.losses + layout_.members * tile_rows;
    task.targets = weights + problem_.weight_sets * tile_rows;
    if (problem_.weights) task.weights = weights;
    task.member_sets = problem_.member_sets;
    task.smoothing = problem_.label_smoothing;
    return task;
}

/// Batches of one row, on one thread: what adds to 0 or divides by 1 can be left out.
template <class Real>
void SegmentRunner<Real>::run_single_rows(Worker<Real>& worker) {
    SingleTask<Real> task;
    task.parameters = live_;
    task.layout = &layout_;
    task.slopes = slopes_;
    task.slope_task = slope_task(worker, 1);
    task.limit = problem_.clip_value;
    task.gradient = gradient_.data();
    for (std::int64_t step = 0; step < segment_->steps; ++step) {
        fetch(worker, 1);
        task.row = worker.rows[0];
        task.row_ahead = worker.rows_ahead[0];
        task.losses = losses_ + step * layout_.members;
        const std::int64_t bad = single_row_(task);
        if (bad >= 0) return freeze(bad);
        if (problem_.clip_norm > Real(0)) clip_norms();
        update_weights(step, 0, 1);
        update_biases(step);
        steps_done_ = step + 1;
    }
}

/// Partials are merged as soon as both halves of a subtree are there, like the digits of a binary counter.
template <class Real>
void SegmentRunner<Real>::sum_partials(Worker<Real>& worker, int thread, const StepPlan& plan) {
    const std::int64_t partials = plan.partials_a_slot();
    for (std::int64_t slot = plan.first_slot(thread); slot < plan.first_slot(thread + 1); ++slot) {
        const auto sums_at = [&](std::int64_t level) {
            return level == 0 ? slot_sums(slot) : worker.stack.data() + level * layout_.sum_size;
        };
        std::int64_t level = 0;
        for (std::int64_t i = 0; i < partials; ++i) {
            const std::int64_t v = slot * partials + i, begin = plan.shape.begin(v), end = plan.shape.begin(v + 1);
            for (std::int64_t row = begin; row < end; row += rows_a_tile_)
                sum_tile(worker, static_cast<int>(std::min<std::int64_t>(rows_a_tile_, end - row)), row == begin, sums_at(level));
            ++level;
            for (std::int64_t done = i + 1; (done & 1) == 0; done >>= 1) {
                loops_.add(sums_at(level - 2), sums_at(level - 1), layout_.sum_size);
                --level;
            }
        }
    }
}

template <class Real>
void SegmentRunner<Real>::sum_tile(Worker<Real>& worker, int rows, bool first, Real* sums) {
    const SlopeTask<Real> task = slope_task(worker, rows);
    fetch(worker, rows);
    dots_({worker.rows, worker.rows_ahead, rows, live_, &layout_, task.scores});
    slopes_(task);
    add_rows_({worker.rows, worker.rows_ahead, rows, first, &layout_, task.scores, task.losses, sums});
}

/// Points to the next rows, gathers their targets and weights, and names the rows to be fetched meanwhile.
template <class Real>
void SegmentRunner<Real>::fetch(Worker<Real>& worker, int rows) {
    Real* weights = worker.tile.data() + (layout_.models + layout_.members) * tile_rows;
    const std::int64_t target_count = problem_.target_count, sets = problem_.weight_sets;
    Real* targets = weights + sets * tile_rows;
    worker.stream.look_ahead(rows + rows_ahead_);
    for (int r = 0; r < rows; ++r) {
        const std::int64_t row = worker.stream.row(r), ahead = worker.stream.row(r + rows_ahead_);
        worker.rows[r] = problem_.features.row(row);
        worker.rows_ahead[r] = problem_.features.row(ahead);
        for (std::int64_t t = 0; t < target_count; ++t) targets[t * tile_rows + r] = problem_.targets[row * target_count + t];
        __builtin_prefetch(problem_.targets + ahead * target_count);
        if (problem_.weights) {
            for (std::int64_t s = 0; s < sets; ++s) weights[s * tile_rows + r] = problem_.weights[row * sets + s];
            __builtin_prefetch(problem_.weights + ahead * sets);
        }
    }
    // Each lies on a page of its own: asked for in one go, several are looked up at a time.
    for (int r = 0; r < rows; ++r) __builtin_prefetch(worker.rows_ahead[r]);
    worker.stream.advance(rows);
    if (!problem_.maps_rows()) return;
    for (int r = 0; r < rows; ++r) {
        Real* out = worker.mapped.data() + r * layout_.row_stride;
        map_row(loops_, problem_, worker.rows[r], out);
        worker.rows[r] = out;
    }
}

template class SegmentRunner<float>;
template class SegmentRunner<double>;

}  // namespace glissade::cpu
