// SPDX-License-Identifier: Apache-2.0
// Phase two of a step on sparse rows: from slopes to the gradient of each column of the batch.
#include <algorithm>

#include "host/cpu/sparse_runner.hpp"

namespace glissade::cpu {

namespace {

/// Adds entries to the gradients of their columns, and lists those that had none. A value of its own and not part of the worker, so that
/// the compiler keeps it in registers.
template <class Real, bool Single>
struct ColumnAdder {
    Real* records;
    std::int64_t stride, gradient_at, models;
    std::uint32_t* next;
    Real harmless;  ///< a term up to here leaves the sum finite, whatever the rest
    bool has_large;

    inline __attribute__((always_inline)) void add(std::uint32_t column, Real value, const Real* slopes, std::int64_t slope_stride) {
        Real* gradient = records + column * stride + gradient_at;
        const Real sum = gradient[0];
        *next = column;  // overwritten by the next unless it has none: whether it has cannot be predicted
        next += sum == Real(0) ? 1 : 0;
        if constexpr (Single) {
            const Real term = slopes[0] * value;
            has_large |= !(rules::magnitude(term) <= harmless);
            gradient[0] = sum + term;
        } else {
            for (std::int64_t k = 0; k < models; ++k) gradient[k] = gradient[k] + slopes[k * slope_stride] * value;
        }
    }
};

template <bool Single, class Real, class F>
void add_with(SparseWorker<Real>& worker, const SparseLayout& layout, Real* records, const F& body) {
    ColumnAdder<Real, Single> adder{records,         layout.stride,   layout.gradient_at(), layout.models, worker.held.data(),
                                    worker.harmless, worker.has_large};
    body(adder);
    worker.has_large = adder.has_large;
}

template <class Real, class F>
void with_adder(SparseWorker<Real>& worker, const SparseLayout& layout, Real* records, const F& body) {
    layout.models == 1 ? add_with<true>(worker, layout, records, body) : add_with<false>(worker, layout, records, body);
}

}  // namespace

/// Adds a tile's entries at once, keeps the gradient of a row, or hands the entries on to be sorted.
template <class Real>
void SparseRunner<Real>::keep_tile(SparseWorker<Real>& worker, int rows) {
    if (plan_.threads > 1) return layout_.models == 1 ? sort_tile<true>(worker, rows) : sort_tile<false>(worker, rows);
    if (!by_row_ || !keep_row(worker)) add_tile(worker, rows);
}

/// Keeps the gradient of a step of one row and one model: no column comes twice, so that what an entry adds is all, and need not go by the
/// record; bit for bit what add_tile leads to. False if the row is longer than a block, or a term so large that it has to be looked at.
template <class Real>
bool SparseRunner<Real>::keep_row(SparseWorker<Real>& worker) {
    const SparseRow<Real> row = row_of(problem_.sparse, worker.ids[0]);
    if (row.count > block_columns) return false;
    const Real slope = worker.tile.data()[0];
    const Real* scale = problem_.affine.scale;
    Real* gradient = worker.block.data();
    bool has_large = false;
    for (std::int64_t k = 0; k < row.count; ++k) {
        const Real term = slope * scaled(row.values[k], scale, row.indices[k]);
        has_large |= !(rules::magnitude(term) <= worker.harmless);
        gradient[k] = mean_of(Real(0) + term, Real(1));
    }
    worker.row_is_kept = !has_large;
    return worker.row_is_kept;
}

/// Adds a tile's entries to the gradients of their columns.
template <class Real>
void SparseRunner<Real>::add_tile(SparseWorker<Real>& worker, int rows) {
    const Real* slopes = worker.tile.data();
    const Real* scale = problem_.affine.scale;
    with_adder(worker, layout_, records_.data(), [&](auto& adder) {
        for (int r = 0; r < rows; ++r) {
            const SparseRow<Real> row = row_of(problem_.sparse, worker.ids[r]);
            for (std::int64_t k = 0; k < row.count; ++k)
                adder.add(row.indices[k], scaled(row.values[k], scale, row.indices[k]), slopes + r, tile_rows);
            if (adder.next - worker.held.data() >= most_held) adder.next = list_touched(worker, adder.next);
        }
        list_touched(worker, adder.next);
    });
}

/// Hands a tile's entries to the threads that add their columns. Of a single model what is added goes with the entry; of several its row
/// says which slopes are meant.
template <class Real>
template <bool Single>
void SparseRunner<Real>::sort_tile(SparseWorker<Real>& worker, int rows) {
    const Real* slopes = worker.tile.data();
    const Real* scale = problem_.affine.scale;
    SparseEntry<Real>** next = worker.next.data();
    for (int r = 0; r < rows; ++r) {
        const SparseRow<Real> row = row_of(problem_.sparse, worker.ids[r]);
        const Real slope = slopes[r];
        const auto place = static_cast<std::uint32_t>(worker.row_count);
        for (std::int64_t k = 0; k < row.count; ++k) {
            const std::uint32_t column = row.indices[k];
            const Real value = scaled(row.values[k], scale, column);
            *next[part_of_group_[group_of(column)]]++ = {column, place, Single ? slope * value : value};
        }
        if constexpr (Single) continue;
        Real* out = worker.slopes.data() + worker.row_count * layout_.models;
        for (std::int64_t k = 0; k < layout_.models; ++k) out[k] = slopes[k * tile_rows + r];
        ++worker.row_count;
    }
}

/// Adds this thread's columns of all rows, in row order.
template <class Real>
void SparseRunner<Real>::collect(SparseWorker<Real>& worker, int thread) {
    constexpr std::int64_t ahead = 16;
    const auto part = static_cast<std::size_t>(thread);
    const Real* records = records_.data();
    const std::int64_t models = layout_.models, stride = layout_.stride;
    const Real one = 1;
    with_adder(worker, layout_, records_.data(), [&](auto& adder) {
        for (const auto& from : workers_) {
            const SparseEntry<Real>* entries = from->part_of(part);
            const Real* slopes = from->slopes.data();
            const std::int64_t count = from->next[part] - entries;
            for (std::int64_t first = 0; first < count; first += most_held) {
                const std::int64_t end = std::min(first + most_held, count);
                for (std::int64_t i = first; i < end; ++i) {
                    __builtin_prefetch(records + entries[std::min(i + ahead, count - 1)].column * stride, 1);
                    adder.add(entries[i].column, entries[i].value, models == 1 ? &one : slopes + entries[i].row * models, 1);
                }
                adder.next = list_touched(worker, adder.next);
            }
        }
    });
}

/// Stamps the held columns that the batch did not hold before, and lists them with their former stamps. Returns where to hold the next.
template <class Real>
std::uint32_t* SparseRunner<Real>::list_touched(SparseWorker<Real>& worker, const std::uint32_t* held_end) {
    Touched* next = worker.touched.data() + worker.touched_count;
    for (const std::uint32_t* column = worker.held.data(); column != held_end; ++column) {
        Real* r = record(*column);
        const std::uint32_t stamp = stamp_of(r);
        if (stamp == worker.now) continue;
        set_stamp(r, worker.now);
        *next++ = {*column, stamp};
    }
    worker.touched_count = next - worker.touched.data();
    return worker.held.data();
}

/// Notes members with sums that are not finite, and squares for the norm. Of a single model without a norm the terms have told already, but
/// for one so large that its sum has to be looked at.
template <class Real>
void SparseRunner<Real>::check_sums(SparseWorker<Real>& worker, const StepPlan& plan) {
    const bool squares = problem_.clip_norm > Real(0);
    std::fill(worker.not_finite.begin(), worker.not_finite.end(), char{0});
    if (layout_.models == 1 && !worker.has_large && !squares) return;
    const Real rows = static_cast<Real>(plan.shape.rows);
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        Real bad = 0;  // 0 * finite is 0, 0 * infinity and 0 * NaN are NaN
        for (std::int64_t i = 0; i < worker.touched_count; ++i) {
            const std::uint32_t column = worker.touched[i].column;
            const Real* gradient = record(column) + layout_.gradient_at() + m * layout_.outputs;
            for (std::int64_t o = 0; o < layout_.outputs; ++o) {
                bad += gradient[o] * Real(0);
                if (!squares) continue;
                const Real g = mean_of(gradient[o], rows);
                Real& sum = group_squares_[static_cast<std::size_t>(group_of(column) * layout_.members + m)];
                sum = sum + g * g;
            }
        }
        worker.not_finite[static_cast<std::size_t>(m)] = bad == Real(0) ? 0 : 1;
    }
}

/// Leaves the columns of a step that is not taken as they were.
template <class Real>
void SparseRunner<Real>::drop_step(const SparseWorker<Real>& worker) {
    for (std::int64_t i = 0; i < worker.touched_count; ++i) {
        Real* r = record(worker.touched[i].column);
        set_stamp(r, worker.touched[i].stamp);
        std::fill_n(r + layout_.gradient_at(), layout_.models, Real(0));
    }
}

template class SparseRunner<float>;
template class SparseRunner<double>;

}  // namespace glissade::cpu
