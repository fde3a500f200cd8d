// SPDX-License-Identifier: Apache-2.0
// A segment on sparse rows, and phase one of its steps: from parameters to slopes.
#include "host/cpu/sparse_runner.hpp"

#include <algorithm>
#include <limits>

#include "host/cpu/sparse_rows.hpp"

namespace glissade::cpu {

namespace {
/// How many rows ahead the offsets of a row are fetched, and its entries. Its records are fetched one row ahead.
constexpr std::int64_t offsets_ahead = 48, entries_ahead = 16;
}  // namespace

template <class Real>
SparseRunner<Real>::SparseRunner(const Problem<Real>& problem, const SparsePlan& plan, ThreadTeam& team)
    : problem_(problem),
      team_(team),
      plan_(plan),
      layout_(problem),
      slopes_(slope_loop<Real>(problem.loss)),
      update_(update_loop<Real>(problem.rule, problem.variant, problem.averaging)),
      fill_rows_(fill_rows_loop()),
      full_(problem.batches.rows(0), plan.threads),
      last_(problem.batches.rows(problem.batches.steps_per_epoch - 1), plan.threads),
      records_(layout_.columns * layout_.stride),
      undo_(layout_.columns * saved_size()),
      partials_(std::max(full_.shape.partials, last_.shape.partials) * (layout_.models + layout_.members)),
      bias_gradient_(layout_.models) {
    by_row_ = plan.threads == 1 && plan.batch_rows == 1 && layout_.models == 1 && !(problem.clip_norm > Real(0)) && problem.idle.lazy();
    for (int g = 0; g < column_groups; ++g) part_of_group_[g] = g * plan.threads / column_groups;
    const std::int64_t tile = (layout_.models + layout_.members + problem.target_count + problem.weight_sets) * tile_rows;
    for (int t = 0; t < plan.threads; ++t) {
        auto worker = std::make_unique<SparseWorker<Real>>();
        worker->tile = AlignedArray<Real>(tile + 4 * layout_.models);
        worker->block = AlignedArray<Real>((2 + layout_.state_vectors) * block_columns);
        worker->held = AlignedArray<std::uint32_t>(plan.held_a_thread);
        worker->touched = AlignedArray<Touched>(plan.touched_a_thread);
        worker->not_finite.assign(static_cast<std::size_t>(layout_.members), 0);
        worker->harmless = std::numeric_limits<Real>::max() / static_cast<Real>(2 * plan.batch_rows);
        if (plan.threads > 1) {
            worker->slopes = AlignedArray<Real>(plan.rows_a_thread * layout_.models);
            worker->entries_a_part = plan.entries_a_part;
            worker->entries = AlignedArray<SparseEntry<Real>>(plan.threads * plan.entries_a_part);
            worker->next.assign(static_cast<std::size_t>(plan.threads), nullptr);
        }
        workers_.push_back(std::move(worker));
    }
    std::vector<std::int64_t> columns_of_part(workers_.size());
    for (std::int64_t j = 0; j < layout_.columns; ++j)
        ++columns_of_part[static_cast<std::size_t>(part_of_group_[group_of(static_cast<std::uint32_t>(j))])];
    Real* undo = undo_.data();
    for (std::size_t t = 0; t < workers_.size(); ++t) {
        workers_[t]->undo_begin = workers_[t]->undo_end = undo;
        undo += columns_of_part[t] * saved_size();
    }
    const auto members = static_cast<std::size_t>(layout_.members);
    factors_.assign(members, Real(1));
    all_.assign(members, 0);
    waiting_.resize(members);
    next_waiting_.resize(members);
    group_squares_.assign(static_cast<std::size_t>(column_groups) * members, Real(0));
}

template <class Real>
SegmentReport SparseRunner<Real>::run(const Segment<Real>& segment, std::vector<double>& losses_out) {
    segment_ = &segment;
    losses_out.resize(static_cast<std::size_t>(segment.steps * layout_.members));
    losses_ = losses_out.data();
    steps_done_ = 0;
    frozen_ = false;
    frozen_member_ = 0;
    renew_clock();
    slow_before_ = slow_;
    can_roll_back_ = true;
    saved_all_ = false;
    for (const auto& worker : workers_) {
        worker->undo_end = worker->undo_begin;
        worker->touched_count = 0;
    }
    if (!problem_.idle.lazy()) save_all();
    if (plan_.threads == 1)
        run_thread(0);
    else
        team_.run([this](int thread) { run_thread(thread); });
    slow_.clock += static_cast<std::uint32_t>(steps_done_);
    SegmentReport report;
    report.steps_done = steps_done_;
    report.frozen = frozen_;
    report.frozen_member = frozen_member_;
    report.loss_sums = {losses_out.data(), static_cast<std::size_t>(steps_done_ * layout_.members)};
    return report;
}

template <class Real>
void SparseRunner<Real>::run_thread(int thread) {
    SparseWorker<Real>& worker = *workers_[static_cast<std::size_t>(thread)];
    const BatchPlan& batches = problem_.batches;
    const bool alone = plan_.threads == 1;
    worker.stream.start(batches, fill_rows_, full_.rows_of(thread), last_.rows_of(thread), segment_->first_step, segment_->steps);
    std::int64_t batch = segment_->first_step % batches.steps_per_epoch;
    for (std::int64_t step = 0; step < segment_->steps; ++step) {
        const StepPlan& plan = batch == batches.steps_per_epoch - 1 ? last_ : full_;
        if (++batch == batches.steps_per_epoch) batch = 0;
        worker.begin_step(now(step));
        score_rows(worker, thread, plan);
        if (!alone) {
            team_.barrier();
            collect(worker, thread);
        }
        check_sums(worker, plan);
        if (alone)
            decide(step, plan);
        else
            team_.barrier([&] { decide(step, plan); });
        if (frozen_) return drop_step(worker);
        update(worker, thread, step);
        if (alone)
            end_step();
        else
            team_.barrier([&] { end_step(); });
    }
}

template <class Real>
void SparseRunner<Real>::score_rows(SparseWorker<Real>& worker, int thread, const StepPlan& plan) {
    const std::int64_t per_slot = plan.partials_a_slot();
    for (std::int64_t v = plan.first_slot(thread) * per_slot; v < plan.first_slot(thread + 1) * per_slot; ++v) {
        Real* sums = partials_.data() + v * (layout_.members + layout_.models);
        std::fill_n(sums, layout_.members + layout_.models, Real(0));
        for (std::int64_t row = plan.shape.begin(v); row < plan.shape.begin(v + 1); row += tile_rows) {
            const int rows = static_cast<int>(std::min<std::int64_t>(tile_rows, plan.shape.begin(v + 1) - row));
            fetch(worker, rows);
            score_tile(worker, rows);
            add_partial(worker, rows, v);
            keep_tile(worker, rows);
        }
    }
}

/// Names the rows of a tile and those to be fetched meanwhile, and gathers targets and weights.
template <class Real>
void SparseRunner<Real>::fetch(SparseWorker<Real>& worker, int rows) {
    Real* weights = worker.tile.data() + (layout_.models + layout_.members) * tile_rows;
    const std::int64_t target_count = problem_.target_count, sets = problem_.weight_sets;
    Real* targets = weights + sets * tile_rows;
    const SparseView<const Real>& x = problem_.sparse;
    worker.stream.look_ahead(rows + offsets_ahead);
    for (int r = 0; r < rows; ++r) {
        const std::int64_t row = worker.stream.row(r);
        worker.ids[r] = row;
        for (std::int64_t t = 0; t < target_count; ++t) targets[t * tile_rows + r] = problem_.targets[row * target_count + t];
        for (std::int64_t s = 0; problem_.weights && s < sets; ++s) weights[s * tile_rows + r] = problem_.weights[row * sets + s];
    }
    worker.ids[rows] = worker.stream.row(rows);
    // Rows to come are asked for in one go: each lies on pages of its own, and several of these are looked up at a time. Not in a function
    // of its own, which the compiler would take for one that does nothing.
    SparseRow<Real> ahead[tile_rows];
    for (int r = 0; r < rows; ++r) __builtin_prefetch(x.offsets + worker.stream.row(r + offsets_ahead));
    for (int r = 0; r < rows; ++r) ahead[r] = row_of(x, worker.stream.row(r + entries_ahead));
    for (int r = 0; r < rows; ++r) {
        __builtin_prefetch(ahead[r].indices);
        __builtin_prefetch(ahead[r].values);
    }
    for (int r = 0; r < rows; ++r) {
        const std::int64_t row = worker.stream.row(r + entries_ahead);
        __builtin_prefetch(problem_.targets + row * problem_.target_count);
        if (problem_.weights) __builtin_prefetch(problem_.weights + row * problem_.weight_sets);
    }
    for (int r = 0; r < rows; ++r) {
        fetch_lines(ahead[r].indices, ahead[r].count);
        fetch_lines(ahead[r].values, ahead[r].count);
    }
    worker.stream.advance(rows);
}

/// Scores, then slopes and losses.
template <class Real>
void SparseRunner<Real>::score_tile(SparseWorker<Real>& worker, int rows) {
    Real* scores = worker.tile.data();
    Real* losses = scores + layout_.models * tile_rows;
    Real* weights = losses + layout_.members * tile_rows;
    const std::int64_t models = layout_.models;
    for (int r = 0; r < rows; ++r) {
        const SparseRow<Real> next = row_of(problem_.sparse, worker.ids[r + 1]);
        for (std::int64_t k = 0; k < next.count; ++k) __builtin_prefetch(record(next.indices[k]));
        score_row(worker, row_of(problem_.sparse, worker.ids[r]), scores + r);
    }
    if (problem_.bias)
        for (std::int64_t k = 0; k < models; ++k)
            for (int r = 0; r < rows; ++r)
                scores[k * tile_rows + r] = scores[k * tile_rows + r] + slow_.biases[static_cast<std::size_t>(k)];
    slopes_({rows, layout_.members, layout_.outputs, problem_.target_count, weights + problem_.weight_sets * tile_rows,
             problem_.weights ? weights : nullptr, problem_.loss_constants, scores, losses, problem_.member_sets,
             problem_.label_smoothing});
}

/// Scores of one row without the bias, of model k to out[k * tile_rows].
template <class Real>
void SparseRunner<Real>::score_row(SparseWorker<Real>& worker, const SparseRow<Real>& row, Real* out) {
    const std::int64_t models = layout_.models, mark_at = layout_.state_at(layout_.state_vectors - 1);
    const Real* scale = problem_.affine.scale;
    const bool waits = waits_by_product();
    if (models == 1) {
        Real lanes[4] = {};
        if (waits) {
            const Waiting<Real> waiting = waiting_[0];
            in_lanes(row.count, [&](std::int64_t k, int lane) {
                const Real* r = record(row.indices[k]);
                lanes[lane] += scaled(row.values[k], scale, row.indices[k]) * waiting.settle(r[layout_.theta_at], r[mark_at]);
            });
        } else if (scale) {
            in_lanes(row.count, [&](std::int64_t k, int lane) {
                lanes[lane] += row.values[k] * scale[row.indices[k]] * record(row.indices[k])[layout_.theta_at];
            });
        } else {
            in_lanes(row.count, [&](std::int64_t k, int lane) { lanes[lane] += row.values[k] * record(row.indices[k])[layout_.theta_at]; });
        }
        out[0] = sum_of_lanes(lanes, 1);
        return;
    }
    Real* lanes = worker.tile.data() + worker.tile.size() - 4 * models;
    std::fill_n(lanes, 4 * models, Real(0));
    in_lanes(row.count, [&](std::int64_t k, int lane) {
        const Real x = scaled(row.values[k], scale, row.indices[k]);
        const Real* r = record(row.indices[k]);
        const Real* theta = r + layout_.theta_at;
        Real* sums = lanes + lane * models;
        if (!waits) {
            for (std::int64_t m = 0; m < models; ++m) sums[m] += x * theta[m];
        } else {
            const Waiting<Real>* own = waiting_.data();
            for (std::int64_t m = 0; m < models; m += layout_.outputs) {
                const Waiting<Real> waiting = *own++;
                for (std::int64_t o = m; o < m + layout_.outputs; ++o) sums[o] += x * waiting.settle(theta[o], r[mark_at + o]);
            }
        }
    });
    for (std::int64_t m = 0; m < models; ++m) out[m * tile_rows] = sum_of_lanes(lanes + m, models);
}

/// Losses and slopes of a tile's rows, in order, to the sums of a partial.
template <class Real>
void SparseRunner<Real>::add_partial(SparseWorker<Real>& worker, int rows, std::int64_t partial) {
    const Real* slopes = worker.tile.data();
    const Real* losses = slopes + layout_.models * tile_rows;
    Real* sums = partials_.data() + partial * (layout_.members + layout_.models);
    for (std::int64_t m = 0; m < layout_.members; ++m)
        for (int r = 0; r < rows; ++r) sums[m] += losses[m * tile_rows + r];
    for (std::int64_t k = 0; k < layout_.models; ++k)
        for (int r = 0; r < rows; ++r) sums[layout_.members + k] += slopes[k * tile_rows + r];
}

template class SparseRunner<float>;
template class SparseRunner<double>;

}  // namespace glissade::cpu
