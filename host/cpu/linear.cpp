// SPDX-License-Identifier: Apache-2.0
// Dot products, gradient sums and the element-wise loops around them.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/linear.cpp"
#include "hwy/foreach_target.h"
//
#include "glissade/rules/math.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/vectors-inl.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// Calls f<n>() for n = count, from 1 to Most.
template <int Most, int N = 1, class F>
HWY_INLINE void with_constant(int count, const F& f) {
    if constexpr (N < Most) {
        if (count != N) return with_constant<Most, N + 1>(count, f);
    }
    f.template call<N>();
}

/// Rows so short that a dot product's lanes are not all used, and that their weights stay in registers.
template <class Real>
HWY_INLINE bool is_narrow(std::int64_t columns) {
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    return lanes > 1 && columns < SumShape::dot_lanes && columns <= 8 * lanes;
}

/// The dot product with weights that fill `Used` registers, the last not all of it.
template <class Real, int Used>
class NarrowDot {
public:
    using D = hn::ScalableTag<Real>;

    HWY_INLINE NarrowDot(const Real* w, std::int64_t columns) : tail_(D(), columns - last) {
#pragma GCC unroll 8
        for (int v = 0; v + 1 < Used; ++v) weights_[v] = hn::LoadU(D(), w + v * lanes);
        weights_[Used - 1] = tail_.load(w + last);
    }
    /// One register of lane sums.
    HWY_INLINE hn::Vec<D> operator()(const Real* x) const {
        const D d;
        hn::Vec<D> sum[Used];
#pragma GCC unroll 8
        for (int v = 0; v + 1 < Used; ++v) sum[v] = fused_add(hn::LoadU(d, x + v * lanes), weights_[v], hn::Zero(d));
        sum[Used - 1] = fused_add(tail_.load(x + last), weights_[Used - 1], hn::Zero(d));
        return add_groups<D, Used>(sum);
    }

private:
    static constexpr int lanes = DotLanes<D>::lanes, last = (Used - 1) * lanes;
    hn::Vec<D> weights_[Used];
    Tail<D> tail_;
};

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
            sums[i] = there ? dot_register(d, task.rows[r + i], w, task.layout->columns, fetch && ((r + i) & 1) == 0 ? task.rows_ahead[r + i] : nullptr) : hn::Zero(d);
        }
        add_lanes_of<false>(d, sums, bias, scores + r);
    }
}

template <class Real>
void dots(const DotTask<Real>& task) {
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    const Layout& layout = *task.layout;
    const bool narrow = is_narrow<Real>(layout.columns);
    for (std::int64_t k = 0; k < layout.models; ++k) {
        const Real* w = task.parameters + layout.weights_at(k);
        Real* scores = task.scores + k * tile_rows;
        // Without a bias, adding -0 leaves every score as it is.
        const Real bias = layout.bias ? task.parameters[layout.bias_of(k)] : Real(-0.0);
        if (narrow)
            with_constant<8>(static_cast<int>((layout.columns + lanes - 1) / lanes), NarrowScores<Real>{task, w, bias, scores, k == 0 && task.rows_ahead});
        else
            wide_scores(task, w, bias, scores, k == 0 && task.rows_ahead);
    }
}

/// Adds a tile's rows to `Vectors` registers of the gradient of one model, element by element in row order. With `Cut`, the last register is not whole.
template <class Real, bool Cut>
struct AddColumns {
    const GradientTask<Real>& task;
    const Real* slopes;
    Real* g;
    std::int64_t at;
    bool fetch;

    template <int Vectors>
    HWY_INLINE void call() const {
        using D = hn::ScalableTag<Real>;
        const D d;
        constexpr int lanes = DotLanes<D>::lanes, whole = Cut ? Vectors - 1 : Vectors;
        const Tail<D> tail(d, Cut ? task.layout->columns - at - whole * lanes : 0);
        hn::Vec<D> sum[Vectors];
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) sum[v] = task.first ? hn::Zero(d) : hn::LoadU(d, g + at + v * lanes);
        for (int r = 0; r < task.row_count; ++r) {
            if (fetch && (r & 1) != 0) fetch_row(task.rows_ahead[r] + at, Cut ? task.layout->columns - at : Vectors * lanes);
            const Real* x = task.rows[r] + at;
            const auto slope = hn::Set(d, slopes[r]);
#pragma GCC unroll 8
            for (int v = 0; v < whole; ++v) sum[v] = fused_add(slope, hn::LoadU(d, x + v * lanes), sum[v]);
            if constexpr (Cut) sum[whole] = fused_add(slope, tail.load(x + whole * lanes), sum[whole]);
        }
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[v], d, g + at + v * lanes);
    }
};

template <class Real>
void add_rows(const GradientTask<Real>& task) {
    const Layout& layout = *task.layout;
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes, most = 8;
    const bool fetch = task.rows_ahead != nullptr;
    for (std::int64_t k = 0; k < layout.models; ++k) {
        const Real* slopes = task.slopes + k * tile_rows;
        Real* g = task.sums + k * layout.row_stride;
        std::int64_t j = 0;
        for (; j + most * lanes <= layout.columns; j += most * lanes) AddColumns<Real, false>{task, slopes, g, j, fetch && k == 0}.template call<most>();
        if (j < layout.columns) with_constant<most>(static_cast<int>((layout.columns - j + lanes - 1) / lanes), AddColumns<Real, true>{task, slopes, g, j, fetch && k == 0});
        Real bias = task.first ? Real(0) : task.sums[layout.bias_at + k];
        for (int r = 0; r < task.row_count; ++r) bias = bias + slopes[r];
        task.sums[layout.bias_at + k] = bias;
    }
    for (std::int64_t m = 0; m < layout.members; ++m) {
        Real loss = task.first ? Real(0) : task.sums[layout.loss_at + m];
        for (int r = 0; r < task.row_count; ++r) loss = loss + task.losses[m * tile_rows + r];
        task.sums[layout.loss_at + m] = loss;
    }
}

template <class Real>
void apply_affine(const Real* HWY_RESTRICT x, const Real* HWY_RESTRICT scale, const Real* HWY_RESTRICT shift, std::int64_t count, Real* HWY_RESTRICT out) {
    for (std::int64_t j = 0; j < count; ++j) out[j] = rules::fused(x[j], scale[j], shift[j]);
}

template <class Real>
void add(Real* HWY_RESTRICT into, const Real* HWY_RESTRICT from, std::int64_t count) {
    for (std::int64_t j = 0; j < count; ++j) into[j] = into[j] + from[j];
}

template <class Real>
bool mean(const Real* HWY_RESTRICT sums, Real divisor, Real limit, std::int64_t count, Real* HWY_RESTRICT out) {
    typename rules::RealBits<Real>::Signed bad = 0;  // as wide as a Real, so that the flag vectorises with the division
    for (std::int64_t j = 0; j < count; ++j) {
        const Real sum = sums[j];
        bad |= rules::is_finite(sum) ? 0 : 1;
        out[j] = sum / divisor;
    }
    if (limit > Real(0))
        for (std::int64_t j = 0; j < count; ++j) out[j] = rules::smaller(rules::larger(out[j], -limit), limit);
    return bad == 0;
}

template <class Real>
Real square(const Real* g, std::int64_t count) {
    const hn::ScalableTag<Real> d;
    return add_lanes(d, dot_register(d, g, g, count, static_cast<const Real*>(nullptr)));
}

template <class Real>
void scale(Real* g, Real factor, std::int64_t count) {
    for (std::int64_t j = 0; j < count; ++j) g[j] = g[j] * factor;
}

/// One score, written to all lanes of a register, from where the loss loop takes whole registers.
template <bool Padded, class Real>
HWY_INLINE void put_single_score(hn::Vec<hn::ScalableTag<Real>> sum, Real bias, Real* out) {
    const hn::ScalableTag<Real> d;
    hn::Vec<decltype(d)> sums[folded_rows<Real>];
    for (auto& copy : sums) copy = sum;
    Real score[folded_rows<Real>];
    add_lanes_of<Padded>(d, sums, bias, score);
    hn::StoreU(hn::Set(d, score[0]), d, out);
}

template <class Real>
struct SingleNarrowScore {
    const Real* x;
    const Real* w;
    std::int64_t columns;
    Real bias;
    Real* out;

    template <int Used>
    HWY_INLINE void call() const {
        put_single_score<true>(NarrowDot<Real, Used>(w, columns)(x), bias, out);
    }
};

template <class Real>
HWY_INLINE void single_scores(const SingleTask<Real>& task) {
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    const Layout& layout = *task.layout;
    const bool narrow = is_narrow<Real>(layout.columns);
    if (narrow) fetch_row(task.row_ahead, layout.columns);
    for (std::int64_t k = 0; k < layout.models; ++k) {
        const Real* w = task.parameters + layout.weights_at(k);
        const Real bias = layout.bias ? task.parameters[layout.bias_of(k)] : Real(-0.0);
        Real* out = task.slope_task.scores + k * tile_rows;
        if (narrow)
            with_constant<8>(static_cast<int>((layout.columns + lanes - 1) / lanes), SingleNarrowScore<Real>{task.row, w, layout.columns, bias, out});
        else
            put_single_score<false>(dot_register(hn::ScalableTag<Real>(), task.row, w, layout.columns, k == 0 ? task.row_ahead : nullptr), bias, out);
    }
}

/// out = slope * x, held within +-limit, with up to a register written beyond. False if any of it is infinite or NaN.
template <class Real>
HWY_INLINE bool single_gradient(const Real* x, Real slope, Real limit, std::int64_t count, Real* out) {
    using D = hn::ScalableTag<Real>;
    const D d;
    constexpr int lanes = DotLanes<D>::lanes;
    const auto s = hn::Set(d, slope);
    auto bad = hn::Zero(d);
    std::int64_t j = 0;
    const auto put = [&](hn::Vec<D> features) HWY_ATTR {
        auto g = fused_add(s, features, hn::Zero(d));
        bad = hn::Add(bad, hn::Sub(g, g));
        if (limit > Real(0)) {
            const auto high = hn::Set(d, limit), low = hn::Set(d, -limit);
            g = hn::IfThenElse(hn::Gt(g, low), g, low);
            g = hn::IfThenElse(hn::Lt(g, high), g, high);
        }
        hn::StoreU(g, d, out + j);
    };
    for (; j + lanes <= count; j += lanes) put(hn::LoadU(d, x + j));
    if (j < count) put(Tail<D>(d, count - j).load(x + j));
    return hn::AllTrue(d, hn::Eq(bad, hn::Zero(d)));
}

template <class Real>
std::int64_t single_row(const SingleTask<Real>& task) {
    const Layout& layout = *task.layout;
    single_scores(task);
    task.slopes(task.slope_task);
    std::int64_t first_bad = -1;
    for (std::int64_t m = 0; m < layout.members; ++m) {
        const Real loss = task.slope_task.losses[m * tile_rows];
        const Real* slopes = task.slope_task.scores + m * layout.outputs * tile_rows;
        Real* g = task.gradient + m * layout.member_stride;
        bool finite = rules::is_finite(loss);
        for (std::int64_t o = 0; o < layout.outputs; ++o)
            finite &= single_gradient(task.row, slopes[o * tile_rows], task.limit, layout.columns, g + o * layout.columns);
        if (layout.bias)
            for (std::int64_t o = 0; o < layout.outputs; ++o) {
                const Real slope = Real(0) + slopes[o * tile_rows];
                finite &= rules::is_finite(slope);
                g[layout.outputs * layout.columns + o] =
                    task.limit > Real(0) ? rules::smaller(rules::larger(slope, -task.limit), task.limit) : slope;
            }
        task.losses[m] = static_cast<double>(Real(0) + loss);
        if (!finite && first_bad < 0) first_bad = m;
    }
    return first_bad;
}

template <class Real>
Kernels<Real> table() {
    return {dots<Real>, add_rows<Real>, apply_affine<Real>, add<Real>, mean<Real>, square<Real>, scale<Real>, single_row<Real>};
}
Kernels<float> table_float() { return table<float>(); }
Kernels<double> table_double() { return table<double>(); }
const char* name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(table_float);
HWY_EXPORT(table_double);
HWY_EXPORT(name);

template <>
Kernels<float> linear_kernels<float>() {
    return HWY_DYNAMIC_DISPATCH(table_float)();
}
template <>
Kernels<double> linear_kernels<double>() {
    return HWY_DYNAMIC_DISPATCH(table_double)();
}
const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(name)(); }

}  // namespace glissade::cpu
#endif
