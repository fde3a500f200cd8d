// SPDX-License-Identifier: Apache-2.0
// The gradient of a batch of one row.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/single.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/kernels.hpp"
#include "host/cpu/narrow-inl.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

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
            with_constant<8>(static_cast<int>((layout.columns + lanes - 1) / lanes),
                             SingleNarrowScore<Real>{task.row, w, layout.columns, bias, out});
        else
            put_single_score<false>(dot_register(hn::ScalableTag<Real>(), task.row, w, layout.columns, k == 0 ? task.row_ahead : nullptr),
                                    bias, out);
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

SingleLoop<float> pick_single_float() {
    return single_row<float>;
}
SingleLoop<double> pick_single_double() {
    return single_row<double>;
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(pick_single_float);
HWY_EXPORT(pick_single_double);

template <>
SingleLoop<float> single_loop<float>() {
    return HWY_DYNAMIC_DISPATCH(pick_single_float)();
}
template <>
SingleLoop<double> single_loop<double>() {
    return HWY_DYNAMIC_DISPATCH(pick_single_double)();
}

}  // namespace glissade::cpu
#endif
