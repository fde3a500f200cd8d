// SPDX-License-Identifier: Apache-2.0
// Phase one of a step: rows, forward and backward, to the sums of the slots.
#include "host/cpu/network_runner.hpp"

#include <algorithm>

namespace glissade::cpu {

namespace {

/// Below this many multiply-adds a step is faster on one thread than the barriers of a team.
constexpr std::int64_t network_work_for_a_team = 100'000;

template <class Real>
int network_threads(const Problem<Real>& problem, int threads) {
    const std::int64_t rows = std::min(problem.batches.batch_size, problem.batches.order.rows);
    const std::int64_t work = 3 * rows * problem.members * problem.parameter_count();
    return work < network_work_for_a_team ? 1 : threads;
}

}  // namespace

template <class Real>
NetworkRunner<Real>::NetworkRunner(const Problem<Real>& problem, ThreadTeam& team)
    : problem_(problem),
      team_(team),
      pass_(problem.layers(), problem.hidden),
      sizes_(problem, team.size()),
      scratch_(pass_.layers(), sizes_.pass_rows, &problem),
      loops_(element_loops<Real>()),
      slopes_(slope_loop<Real>(problem.loss)),
      update_(update_loop<Real>(problem.rule, problem.variant, problem.averaging)),
      fill_rows_(fill_rows_loop()),
      slots_(sizes_.slots * sizes_.sum_size),
      gradient_(sizes_.gradient) {
    const int threads = network_threads(problem, team.size());
    const BatchPlan& batches = problem.batches;
    full_ = NetworkPlan(batches.rows(0), threads);
    last_ = NetworkPlan(batches.rows(batches.steps_per_epoch - 1), threads);
    for (int t = 0; t < full_.threads; ++t) {
        workers_.push_back(std::make_unique<Worker>());
        workers_.back()->scratch = AlignedArray<Real>(scratch_.size);
    }
    not_finite_ = std::make_unique<std::atomic<bool>[]>(static_cast<std::size_t>(problem.members));
}

template <class Real>
SegmentReport NetworkRunner<Real>::run(const Segment<Real>& segment, Real* live, std::vector<double>& losses_out) {
    segment_ = &segment;
    live_ = live;
    losses_out.resize(static_cast<std::size_t>(segment.steps * problem_.members));
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
    report.loss_sums = {losses_out.data(), static_cast<std::size_t>(steps_done_ * problem_.members)};
    return report;
}

/// Every thread of the team takes part in the barriers, those that no slot is left for too.
template <class Real>
void NetworkRunner<Real>::run_thread(int thread) {
    const bool alone = full_.threads == 1, works = thread < full_.threads;
    const BatchPlan& batches = problem_.batches;
    Worker* worker = works ? workers_[static_cast<std::size_t>(thread)].get() : nullptr;
    if (works)
        worker->stream.start(batches, fill_rows_, full_.rows_of(thread), last_.rows_of(thread), segment_->first_step, segment_->steps);
    const auto meet = [&] {
        if (!alone) team_.barrier();
    };
    std::int64_t batch = segment_->first_step % batches.steps_per_epoch;
    for (std::int64_t step = 0; step < segment_->steps; ++step) {
        const NetworkPlan& plan = batch == batches.steps_per_epoch - 1 ? last_ : full_;
        if (++batch == batches.steps_per_epoch) batch = 0;
        if (works) sum_slots(*worker, thread, plan, segment_->first_step + step);
        meet();
        mean_slice(plan, thread);
        if (alone)
            decide(step, plan);
        else
            team_.barrier([&] { decide(step, plan); });
        if (frozen_) return;
        update_slice(step, thread, full_.threads);
        meet();
    }
}

template <class Real>
void NetworkRunner<Real>::sum_slots(Worker& worker, int thread, const NetworkPlan& plan, std::int64_t step) {
    for (std::int64_t slot = plan.first_slot(thread); slot < plan.first_slot(thread + 1); ++slot) {
        const std::int64_t begin = plan.begin(slot), rows = plan.begin(slot + 1) - begin;
        // Passes of about equal length.
        const std::int64_t passes = (rows + NetworkPlan::pass_rows - 1) / NetworkPlan::pass_rows;
        for (std::int64_t i = 0; i < passes; ++i) {
            const std::int64_t from = i * rows / passes, to = (i + 1) * rows / passes;
            sum_pass(worker, {step, begin + from, to - from, i == 0}, slot_sums(slot));
        }
    }
}

template <class Real>
void NetworkRunner<Real>::sum_pass(Worker& worker, const Pass& pass, Real* sums) {
    fetch(worker, pass.rows);
    const PassRows<Real> rows{pass.rows, worker.scratch.data(), &worker.buffer};
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        const Real* parameters = live_ + m * sizes_.member_stride;
        const Dropped dropped{static_cast<double>(problem_.dropout), problem_.dropout_seeds ? problem_.dropout_seeds[m] : 0, pass.step,
                              pass.first_row};
        pass_.forward(scratch_, rows, parameters, dropped);
        Real& loss = sums[sizes_.gradient + m];
        loss = (pass.first ? Real(0) : loss) + losses_of_pass(worker, m, pass.rows);
        pass_.backward(scratch_, rows, parameters, pass.first, sums + m * sizes_.member_stride);
    }
}

/// Copies the next rows into the scratch, through the map of the columns.
template <class Real>
void NetworkRunner<Real>::fetch(Worker& worker, std::int64_t rows) {
    const std::int64_t columns = problem_.features.columns;
    constexpr std::int64_t ahead = 4;
    worker.stream.look_ahead(rows + ahead);
    Real* out = worker.scratch.data() + scratch_.input_at;
    for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t row = worker.rows[r] = worker.stream.row(r);
        const Real* from = problem_.features.row(row);
        const Real* next = problem_.features.row(worker.stream.row(r + ahead));
        for (std::int64_t j = 0; j < columns; j += 64 / static_cast<std::int64_t>(sizeof(Real))) __builtin_prefetch(next + j);
        map_row(loops_, problem_, from, out + r * columns);
    }
    worker.stream.advance(rows);
}

/// Scores of the pass become slopes; returns the sum of the losses, in row order.
template <class Real>
Real NetworkRunner<Real>::losses_of_pass(Worker& worker, std::int64_t member, std::int64_t rows) {
    Real sum = Real(0);
    for (std::int64_t first = 0; first < rows; first += tile_rows)
        sum = sum + losses_of_tile(worker, member, first, static_cast<int>(std::min<std::int64_t>(tile_rows, rows - first)));
    return sum;
}

template <class Real>
Real NetworkRunner<Real>::losses_of_tile(Worker& worker, std::int64_t member, std::int64_t first, int rows) {
    const std::int64_t outputs = problem_.outputs, target_count = problem_.target_count;
    const DenseLayer& layer = pass_.layers().back();
    const Real* bias = layer.bias ? live_ + member * sizes_.member_stride + layer.biases_at() : nullptr;
    Real* scores = worker.scratch.data() + scratch_.scores_at + first * outputs;
    Real* tile = worker.scratch.data() + scratch_.tile_at;
    Real* losses = tile + outputs * tile_rows;
    Real* weights = losses + tile_rows;
    Real* targets = weights + problem_.weight_sets * tile_rows;
    for (int r = 0; r < rows; ++r) {
        const std::int64_t row = worker.rows[first + r];
        for (std::int64_t o = 0; o < outputs; ++o) {
            const Real score = scores[r * outputs + o];
            tile[o * tile_rows + r] = bias ? score + bias[o] : score;
        }
        for (std::int64_t t = 0; t < target_count; ++t) targets[t * tile_rows + r] = problem_.targets[row * target_count + t];
        for (std::int64_t s = 0; problem_.weights && s < problem_.weight_sets; ++s)
            weights[s * tile_rows + r] = problem_.weights[row * problem_.weight_sets + s];
    }
    SlopeTask<Real> task;
    task.row_count = rows;
    task.outputs = outputs;
    task.target_count = target_count;
    task.targets = targets;
    task.weights = problem_.weights ? weights : nullptr;
    task.constants = problem_.loss_constants;
    task.scores = tile;
    task.losses = losses;
    task.member_sets = problem_.member_sets ? problem_.member_sets + member : nullptr;
    task.smoothing = problem_.label_smoothing;
    slopes_(task);
    Real sum = Real(0);
    for (int r = 0; r < rows; ++r) {
        for (std::int64_t o = 0; o < outputs; ++o) scores[r * outputs + o] = tile[o * tile_rows + r];
        sum = sum + losses[r];
    }
    return sum;
}

template class NetworkRunner<float>;
template class NetworkRunner<double>;

}  // namespace glissade::cpu
