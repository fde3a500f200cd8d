// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set (hwy/foreach_target.h), so it has a guard that flips instead of #pragma once.
#if defined(GLISSADE_HOST_CPU_NARROW_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef GLISSADE_HOST_CPU_NARROW_INL_
#undef GLISSADE_HOST_CPU_NARROW_INL_
#else
#define GLISSADE_HOST_CPU_NARROW_INL_
#endif

#include "host/cpu/vectors-inl.hpp"

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

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
