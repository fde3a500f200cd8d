// SPDX-License-Identifier: Apache-2.0
// Phase three of a step on sparse rows: columns are brought up to the step before, some hundred at a time, and updated by the rule's own
// loop, which wants them side by side.
#include <algorithm>

#include "host/cpu/sparse_runner.hpp"

namespace glissade::cpu {

template <class Real>
void SparseRunner<Real>::update(SparseWorker<Real>& worker, int thread, std::int64_t step) {
    if (worker.row_is_kept) {
        if (!all_[0]) return update_row(worker, step);
        add_tile(worker, 1);
    }
    std::uint32_t columns[block_columns], stamps[block_columns];
    constexpr std::int64_t ahead = 12;
    for (std::int64_t first = 0; first < worker.touched_count; first += block_columns) {
        const std::int64_t count = std::min<std::int64_t>(block_columns, worker.touched_count - first);
        for (std::int64_t i = 0; i < count; ++i) {
            const Touched touched = worker.touched[first + i];
            __builtin_prefetch(record(worker.touched[std::min(first + i + ahead, worker.touched_count - 1)].column), 1);
            columns[i] = touched.column;
            stamps[i] = touched.stamp;
            if (!saved_all_ && touched.stamp <= slow_.clock) save(worker, touched.column, touched.stamp);
        }
        for (std::int64_t m = 0; m < layout_.members; ++m)
            if (!all_[static_cast<std::size_t>(m)]) update_block<true>(worker, columns, stamps, count, m, step);
    }
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        if (all_[static_cast<std::size_t>(m)])
            update_all(worker, thread, m, step);
        else if (problem_.idle.skips && problem_.averaging)
            average_others(worker, thread, m, step);
    }
}

/// The step of a row whose gradient keep_row kept.
template <class Real>
void SparseRunner<Real>::update_row(SparseWorker<Real>& worker, std::int64_t step) {
    const SparseRow<Real> row = row_of(problem_.sparse, worker.ids[0]);
    std::uint32_t stamps[block_columns];
    for (std::int64_t k = 0; k < row.count; ++k) {
        Real* r = record(row.indices[k]);
        stamps[k] = stamp_of(r);
        if (!saved_all_ && stamps[k] <= slow_.clock) save(worker, row.indices[k], stamps[k]);
        set_stamp(r, worker.now);
    }
    update_block<false>(worker, row.indices, stamps, row.count, 0, step);
}

/// This thread's share of all columns, those without a gradient too.
template <class Real>
void SparseRunner<Real>::update_all(SparseWorker<Real>& worker, int thread, std::int64_t member, std::int64_t step) {
    std::uint32_t columns[block_columns];
    const std::int64_t begin = layout_.columns * thread / plan_.threads, end = layout_.columns * (thread + 1) / plan_.threads;
    for (std::int64_t first = begin; first < end; first += block_columns) {
        const std::int64_t count = std::min<std::int64_t>(block_columns, end - first);
        for (std::int64_t i = 0; i < count; ++i) columns[i] = static_cast<std::uint32_t>(first + i);
        update_block<true>(worker, columns, nullptr, count, member, step);
    }
}

/// The running average of the columns that the step was not for.
template <class Real>
void SparseRunner<Real>::average_others(const SparseWorker<Real>& worker, int thread, std::int64_t member, std::int64_t step) {
    const Real weight = scalars(step, member)[rules::ScalarRow::average];
    const std::int64_t average_at = layout_.state_at(problem_.state_count) + member * layout_.outputs;
    const std::int64_t begin = layout_.columns * thread / plan_.threads, end = layout_.columns * (thread + 1) / plan_.threads;
    for (std::int64_t j = begin; j < end; ++j) {
        Real* r = record(j);
        if (stamp_of(r) == worker.now) continue;
        const Real* theta = r + layout_.theta_at + member * layout_.outputs;
        for (std::int64_t o = 0; o < layout_.outputs; ++o)
            r[average_at + o] = rules::fused(weight, theta[o] - r[average_at + o], r[average_at + o]);
    }
}

/// Brings the state in `block` from where its column was last touched up to the step before this one.
template <class Real>
void SparseRunner<Real>::catch_up(Real* theta, const Real* marks, const std::uint32_t* stamps, std::int64_t count, std::uint32_t now,
                                  std::int64_t member, const Real* k) const {
    const Waiting<Real>& waiting = waiting_[static_cast<std::size_t>(member)];
    Real* z = theta + block_columns;
    const Real* n = z + block_columns;
    switch (problem_.idle.kind) {
        case Idle::decays:
        case Idle::rests:
            if (!waits_by_product()) return;
            for (std::int64_t i = 0; i < count; ++i) theta[i] = waiting.settle(theta[i], marks[i]);
            return;
        case Idle::fades:
            for (std::int64_t i = 0; i < count; ++i) {
                const std::uint32_t missed = now - 1 - stamps[i];
                if (missed == 0) continue;
                const Real factor = static_cast<Real>(power_of(static_cast<double>(k[1]), missed));
                for (int s = 0; s < problem_.state_count; ++s) theta[(1 + s) * block_columns + i] *= factor;
            }
            return;
        case Idle::follows:
            for (std::int64_t i = 0; i < count; ++i) {
                if (marks[i] == Real(0))
                    z[i] = Ftrl::z_of(k, waiting.product, theta[i], n[i]);
                else if (marks[i] != waiting.product)
                    z[i] = z[i] - (waiting.product - marks[i]) * (k[2] + rules::root(n[i])) * theta[i];
            }
            return;
        case Idle::moves:
        case Idle::skips:
            return;
    }
}

/// One member's step on some columns. `stamps` are those before this step; a step over all columns needs none. The gradients are those of
/// the records, or lie in the worker's block as they are.
template <class Real>
template <bool FromRecords>
void SparseRunner<Real>::update_block(SparseWorker<Real>& worker, const std::uint32_t* columns, const std::uint32_t* stamps,
                                      std::int64_t count, std::int64_t member, std::int64_t step) {
    const Real* row = scalars(step, member);
    const Real* k = row + rules::ScalarRow::rule;
    const Waiting<Real>& next = next_waiting_[static_cast<std::size_t>(member)];
    const bool waits = waits_by_product(), marked = problem_.mark_vectors() > 0;
    const int kept = layout_.state_vectors - (marked ? 1 : 0);  // what the rule's loop sees
    const Real factor = factors_[static_cast<std::size_t>(member)], rows = rows_;
    Real* gradient = worker.block.data();
    Real* theta = gradient + block_columns;
    Real* marks = theta + (1 + kept) * block_columns;
    for (std::int64_t model = member * layout_.outputs; model < (member + 1) * layout_.outputs; ++model) {
        for (std::int64_t i = 0; i < count; ++i) {
            const Real* r = record(columns[i]);
            if constexpr (FromRecords) gradient[i] = r[layout_.gradient_at() + model];
            for (int f = 0; f <= layout_.state_vectors; ++f)
                theta[f * block_columns + i] = r[layout_.theta_at + f * layout_.models + model];
        }
        if constexpr (FromRecords)
            for (std::int64_t i = 0; i < count; ++i) gradient[i] = mean_of(gradient[i], rows) * factor;
        catch_up(theta, marked ? marks : theta, stamps, count, worker.now, member, k);
        UpdateTask<Real> task;
        task.scalars = row;
        task.gradient = gradient;
        task.theta = theta;
        for (int s = 0; s < kept; ++s) task.state[s] = theta + (1 + s) * block_columns;
        task.count = count;
        update_(task);
        if (waits && next.product != Real(1))
            for (std::int64_t i = 0; i < count; ++i) theta[i] = theta[i] / next.product;
        if (marked) std::fill_n(marks, count, problem_.idle.kind == Idle::follows ? k[0] : next.sum);
        for (std::int64_t i = 0; i < count; ++i) {
            Real* r = record(columns[i]);
            for (int f = 0; f <= layout_.state_vectors; ++f)
                r[layout_.theta_at + f * layout_.models + model] = theta[f * block_columns + i];
            if constexpr (FromRecords) r[layout_.gradient_at() + model] = Real(0);
        }
    }
}

template class SparseRunner<float>;
template class SparseRunner<double>;

}  // namespace glissade::cpu
