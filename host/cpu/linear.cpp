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

template <class Real>
void dots(const DotTask<Real>& task) {
    const hn::ScalableTag<Real> d;
    const Layout& layout = *task.layout;
    for (std::int64_t k = 0; k < layout.models; ++k) {
        const Real* w = task.parameters + layout.weights_at(k);
        Real* scores = task.scores + k * tile_rows;
        for (int r = 0; r < task.row_count; ++r) scores[r] = add_lanes(d, dot_register(d, task.rows[r], w, layout.columns));
        if (!layout.bias) continue;
        const Real b = task.parameters[k / layout.outputs * layout.member_stride + layout.outputs * layout.columns + k % layout.outputs];
        for (int r = 0; r < task.row_count; ++r) scores[r] = scores[r] + b;
    }
}

template <class Real>
void add_rows(const GradientTask<Real>& task) {
    const hn::ScalableTag<Real> d;
    const Layout& layout = *task.layout;
    constexpr std::int64_t lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    for (std::int64_t k = 0; k < layout.models; ++k) {
        const Real* slopes = task.slopes + k * tile_rows;
        Real* g = task.sums + k * layout.row_stride;
        for (std::int64_t j = 0; j < layout.columns; j += lanes) {
            auto sum = task.first ? hn::Zero(d) : hn::LoadU(d, g + j);
            const std::int64_t here = layout.columns - j;
            for (int r = 0; r < task.row_count; ++r) {
                const auto x = here >= lanes ? hn::LoadU(d, task.rows[r] + j) : load_first(d, task.rows[r] + j, here);
                sum = fused_add(hn::Set(d, slopes[r]), x, sum);
            }
            hn::StoreU(sum, d, g + j);
        }
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
    return add_lanes(d, dot_register(d, g, g, count));
}

template <class Real>
void scale(Real* g, Real factor, std::int64_t count) {
    for (std::int64_t j = 0; j < count; ++j) g[j] = g[j] * factor;
}

template <class Real>
Kernels<Real> table() {
    return {dots<Real>, add_rows<Real>, apply_affine<Real>, add<Real>, mean<Real>, square<Real>, scale<Real>};
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
