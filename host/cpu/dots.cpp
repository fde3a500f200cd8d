// SPDX-License-Identifier: Apache-2.0
// Scores of tiles of rows.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/dots.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/kernels.hpp"
#include "host/cpu/narrow-inl.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// Scores of one model over a tile of narrow rows.
template <class Real>
struct NarrowScores {
    const DotTask<Real>& task;
    const Real* w;
    Real bias;
    Real* scores;
    bool fetch;

    template <int Used>
    HWY_INLINE void call() const {
        constexpr int together = folded_rows<Real>;
        const std::int64_t columns = task.layout->columns;
        const NarrowDot<Real, Used> dot(w, columns);
        for (int r = 0; r < task.row_count; r += together) {
            if (fetch)
                for (int i = r; i < r + together && i < task.row_count; i += 2) fetch_row(task.rows_ahead[i], columns);
            hn::Vec<hn::ScalableTag<Real>> sums[together];
#pragma GCC unroll 4
            for (int i = 0; i < together; ++i) sums[i] = dot(task.rows[r + i < task.row_count ? r + i : task.row_count - 1]);
            add_lanes_of<true>(hn::ScalableTag<Real>(), sums, bias, scores + r);
        }
    }
};

template <class Real>
HWY_INLINE void wide_scores(const DotTask<Real>& task, const Real* w, Real bias, Real* scores, bool fetch) {
    const hn::ScalableTag<Real> d;
    constexpr int together = folded_rows<Real>;
    for (int r = 0; r < task.row_count; r += together) {
        hn::VFromD<decltype(d)> sums[together];
        for (int i = 0; i < together; ++i) {
            const bool there = r + i < task.row_count;
            const Real* ahead = there && fetch && i % 2 == 0 ? task.rows_ahead[r + i] : nullptr;
            sums[i] = there ? dot_register(d, task.rows[r + i], w, task.layout->columns, ahead) : hn::Zero(d);
        }
        add_lanes_of<false>(d, sums, bias, scores + r);
    }
}

inline constexpr int block_rows = 4, block_models = 3;  ///< twelve sums, a row and three weights fill the sixteen registers of AVX2

/// Scores of block_rows rows by `Models` models. Each group of lanes goes through the columns by itself, so that rows and weights that were
/// loaded once serve all pairs; columns are taken in pieces that stay in the first-level cache.
template <class Real, int Models>
HWY_INLINE void block_scores(const Real* const* x, const Real* const* w, std::int64_t columns, const Real* bias, Real* scores) {
    using D = hn::ScalableTag<Real>;
    using V = hn::Vec<D>;
    const D d;
    constexpr int lanes = DotLanes<D>::lanes, groups = DotLanes<D>::groups;
    constexpr std::int64_t piece = 1024;
    constexpr int pairs = Models * block_rows;  // pair p is row p / Models and model p % Models
    V sums[pairs][groups];
    for (std::int64_t begin = 0; begin == 0 || begin < columns; begin += piece) {
        const std::int64_t end = begin + piece < columns ? begin + piece : columns;
        for (int v = 0; v < groups; ++v) {
            V sum[pairs];
#pragma GCC unroll 16
            for (int p = 0; p < pairs; ++p) sum[p] = begin == 0 ? hn::Zero(d) : sums[p][v];
            std::int64_t j = begin + v * lanes;
            for (; j + lanes <= end; j += SumShape::dot_lanes) {
                V weights[Models];
#pragma GCC unroll 4
                for (int m = 0; m < Models; ++m) weights[m] = hn::LoadU(d, w[m] + j);
#pragma GCC unroll 16
                for (int p = 0; p < pairs; ++p) sum[p] = fused_add(hn::LoadU(d, x[p / Models] + j), weights[p % Models], sum[p]);
            }
            if (j < end) {
                const Tail<D> tail(d, end - j);
#pragma GCC unroll 16
                for (int p = 0; p < pairs; ++p)
                    sum[p] = tail.choose(fused_add(tail.load(x[p / Models] + j), tail.load(w[p % Models] + j), sum[p]), sum[p]);
            }
#pragma GCC unroll 16
            for (int p = 0; p < pairs; ++p) sums[p][v] = sum[p];
        }
    }
    constexpr int together = folded_rows<Real>;
    for (int m = 0; m < Models; ++m)
        for (int r = 0; r < block_rows; r += together) {
            V registers[together];
            for (int i = 0; i < together; ++i) registers[i] = add_groups<D>(sums[(r + i) * Models + m]);
            add_lanes_of<false>(d, registers, bias[m], scores + m * tile_rows + r);
        }
}

/// Scores of a tile by models first ... first + Models - 1.
template <class Real, int Models>
HWY_INLINE void models_scores(const DotTask<Real>& task, std::int64_t first) {
    const Layout& layout = *task.layout;
    const Real* w[Models];
    Real bias[Models];
    for (int m = 0; m < Models; ++m) {
        w[m] = task.parameters + layout.weights_at(first + m);
        bias[m] = layout.bias ? task.parameters[layout.bias_of(first + m)] : Real(-0.0);
    }
    for (int r = 0; r < task.row_count; r += block_rows) {
        const Real* x[block_rows];
        for (int i = 0; i < block_rows; ++i) {
            x[i] = task.rows[r + i < task.row_count ? r + i : task.row_count - 1];
            if (first == 0 && task.rows_ahead && i % 2 == 0 && r + i < task.row_count) fetch_row(task.rows_ahead[r + i], layout.columns);
        }
        block_scores<Real, Models>(x, w, layout.columns, bias, task.scores + first * tile_rows + r);
    }
}

template <class Real>
HWY_INLINE void single_model_scores(const DotTask<Real>& task, std::int64_t k) {
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    const Layout& layout = *task.layout;
    const Real* w = task.parameters + layout.weights_at(k);
    Real* scores = task.scores + k * tile_rows;
    // Without a bias, adding -0 leaves every score as it is.
    const Real bias = layout.bias ? task.parameters[layout.bias_of(k)] : Real(-0.0);
    const bool fetch = k == 0 && task.rows_ahead;
    if (is_narrow<Real>(layout.columns))
        with_constant<8>(static_cast<int>((layout.columns + lanes - 1) / lanes), NarrowScores<Real>{task, w, bias, scores, fetch});
    else
        wide_scores(task, w, bias, scores, fetch);
}

template <class Real>
void dots(const DotTask<Real>& task) {
    const std::int64_t models = task.layout->models;
    std::int64_t k = 0;
    if (!is_narrow<Real>(task.layout->columns)) {
        // Four go as two and two: one by itself would load each of its weights anew for every row.
        for (; models - k >= block_models && models - k != 4; k += block_models) models_scores<Real, block_models>(task, k);
        for (; models - k >= 2; k += 2) models_scores<Real, 2>(task, k);
    }
    for (; k < models; ++k) single_model_scores(task, k);
}

DotLoop<float> pick_dot_float() {
    return dots<float>;
}
DotLoop<double> pick_dot_double() {
    return dots<double>;
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(pick_dot_float);
HWY_EXPORT(pick_dot_double);

template <>
DotLoop<float> dot_loop<float>() {
    return HWY_DYNAMIC_DISPATCH(pick_dot_float)();
}
template <>
DotLoop<double> dot_loop<double>() {
    return HWY_DYNAMIC_DISPATCH(pick_dot_double)();
}

}  // namespace glissade::cpu
#endif
