// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set (hwy/foreach_target.h), so it has a guard that flips instead of #pragma once.
#if defined(GLISSADE_HOST_CPU_VECTORS_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef GLISSADE_HOST_CPU_VECTORS_INL_
#undef GLISSADE_HOST_CPU_VECTORS_INL_
#else
#define GLISSADE_HOST_CPU_VECTORS_INL_
#endif

#include <cstdint>

#include "glissade/rules/portable.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// a * b + c with one rounding. Highway's MulAdd rounds twice where the target has no such instruction.
template <class V>
HWY_INLINE V fused_add(V a, V b, V c) {
#if HWY_TARGET == HWY_SCALAR
    return V(rules::fused(a.raw, b.raw, c.raw));
#else
    return hn::MulAdd(a, b, c);
#endif
}

/// The first `count` < Lanes(d) reals at p, the rest 0. Touches no memory beyond them.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, const Real* p, std::int64_t count) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
    return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count)), d, p);
#else
    HWY_ALIGN Real lanes[HWY_MAX_BYTES / sizeof(Real)] = {};
    for (std::int64_t i = 0; i < count; ++i) lanes[i] = p[i];
    return hn::Load(d, lanes);
#endif
}

/// The lanes of a dot product in registers: group v holds lanes v * Lanes(d) and on.
template <class D>
struct DotLanes {
    static constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
    static constexpr int groups = SumShape::dot_lanes / lanes;
};

/// Adds the lanes of all groups by halving, down to one register.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V add_groups(V (&sum)[DotLanes<D>::groups]) {
    constexpr int groups = DotLanes<D>::groups;
#pragma GCC unroll 8
    for (int half = groups / 2; half >= 1; half /= 2) {
#pragma GCC unroll 32
        for (int v = 0; v < half; ++v) sum[v] = hn::Add(sum[v], sum[v + half]);
    }
    return sum[0];
}

/// One register of lane sums of dot(x, w); the lanes of the register remain to be added.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> dot_register(D d, const Real* HWY_RESTRICT x, const Real* HWY_RESTRICT w, std::int64_t count) {
    constexpr int groups = DotLanes<D>::groups, lanes = DotLanes<D>::lanes;
    hn::Vec<D> sum[groups];
#pragma GCC unroll 64
    for (int v = 0; v < groups; ++v) sum[v] = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + SumShape::dot_lanes <= count; i += SumShape::dot_lanes) {
#pragma GCC unroll 64
        for (int v = 0; v < groups; ++v) sum[v] = fused_add(hn::LoadU(d, x + i + v * lanes), hn::LoadU(d, w + i + v * lanes), sum[v]);
    }
    const std::int64_t rest = count - i;
    if (rest > 0) {
#pragma GCC unroll 64
        for (int v = 0; v < groups; ++v) {
            const std::int64_t here = rest - v * lanes;
            if (here >= lanes) {
                sum[v] = fused_add(hn::LoadU(d, x + i + v * lanes), hn::LoadU(d, w + i + v * lanes), sum[v]);
            } else if (here > 0) {
                // Lanes beyond the row keep their sum: adding 0 * 0 would turn a -0 into +0.
                const auto more = fused_add(load_first(d, x + i + v * lanes, here), load_first(d, w + i + v * lanes, here), sum[v]);
                sum[v] = hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(here)), more, sum[v]);
            }
        }
    }
    return add_groups<D>(sum);
}

/// Adds the lanes of a register by halving.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE Real add_lanes(D d, hn::Vec<D> v) {
    constexpr int lanes = DotLanes<D>::lanes;
    HWY_ALIGN Real sum[lanes];
    hn::Store(v, d, sum);
#pragma GCC unroll 8
    for (int half = lanes / 2; half >= 1; half /= 2) {
#pragma GCC unroll 16
        for (int l = 0; l < half; ++l) sum[l] = sum[l] + sum[l + half];
    }
    return sum[0];
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
