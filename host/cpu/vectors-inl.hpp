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

/// Loads the first `count` <= Lanes(d) reals of a register, the rest 0. Touches no memory beyond them.
template <class D, class Real = hn::TFromD<D>>
class Tail {
public:
    HWY_INLINE Tail(D, std::int64_t count) : count_(count), mask_(hn::FirstN(D(), static_cast<std::size_t>(count))) {}
    HWY_INLINE hn::Vec<D> load(const Real* p) const {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
        return hn::MaskedLoad(mask_, D(), p);
#else
        HWY_ALIGN Real lanes[HWY_MAX_BYTES / sizeof(Real)] = {};
        for (std::int64_t i = 0; i < count_; ++i) lanes[i] = p[i];
        return hn::Load(D(), lanes);
#endif
    }
    /// `changed` in the first lanes, `kept` in the rest.
    HWY_INLINE hn::Vec<D> choose(hn::Vec<D> changed, hn::Vec<D> kept) const {
        return hn::IfThenElse(mask_, changed, kept);
    }

private:
    [[maybe_unused]] std::int64_t count_;
    hn::Mask<D> mask_;
};

/// The lanes of a dot product in registers: group v holds lanes v * Lanes(d) and on.
template <class D>
struct DotLanes {
    static constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
    static constexpr int groups = SumShape::dot_lanes / lanes;
};

/// Adds the lanes of the first `Used` groups, the others being 0, by halving, down to one register. A recursion of templates and not a loop
/// of loops, which the compiler would unroll too late to keep the groups in registers.
template <class D, int Used = DotLanes<D>::groups, int Half = DotLanes<D>::groups / 2, class V = hn::Vec<D>>
HWY_INLINE V add_groups(V* sum) {
#pragma GCC unroll 64
    for (int v = 0; v < Half; ++v)
        if (v + Half < Used) sum[v] = hn::Add(sum[v], sum[v + Half]);
    if constexpr (Half > 1)
        return add_groups<D, Used, Half / 2>(sum);
    else
        return sum[0];
}

/// Asks for a cache line every 64 bytes of the `bytes` bytes at p.
HWY_INLINE void fetch_lines(const void* p, std::int64_t bytes) {
    for (std::int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(p) + at);
}

/// Asks for all of a short row, which may begin and end within cache lines.
template <class Real>
HWY_INLINE void fetch_row(const Real* row, std::int64_t columns) {
    fetch_lines(row, columns * static_cast<std::int64_t>(sizeof(Real)));
    __builtin_prefetch(row + columns - 1);
}

/// One register of lane sums of dot(x, w); the lanes of the register remain to be added. Fetches the row `ahead` meanwhile unless it is
/// null.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> dot_register(D d, const Real* HWY_RESTRICT x, const Real* HWY_RESTRICT w, std::int64_t count, const Real* ahead) {
    constexpr int groups = DotLanes<D>::groups, lanes = DotLanes<D>::lanes;
    hn::Vec<D> sum[groups];
#pragma GCC unroll 64
    for (int v = 0; v < groups; ++v) sum[v] = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + SumShape::dot_lanes <= count; i += SumShape::dot_lanes) {
        if (ahead) fetch_lines(ahead + i, SumShape::dot_lanes * static_cast<std::int64_t>(sizeof(Real)));
#pragma GCC unroll 64
        for (int v = 0; v < groups; ++v) sum[v] = fused_add(hn::LoadU(d, x + i + v * lanes), hn::LoadU(d, w + i + v * lanes), sum[v]);
    }
    const std::int64_t rest = count - i;
    if (rest > 0) {
        if (ahead) fetch_lines(ahead + i, rest * static_cast<std::int64_t>(sizeof(Real)));
#pragma GCC unroll 64
        for (int v = 0; v < groups; ++v) {
            const std::int64_t here = rest - v * lanes;
            if (here >= lanes) {
                sum[v] = fused_add(hn::LoadU(d, x + i + v * lanes), hn::LoadU(d, w + i + v * lanes), sum[v]);
            } else if (here > 0) {
                // Lanes beyond the row keep their sum: adding 0 * 0 would turn a -0 into +0.
                const Tail<D> tail(d, here);
                sum[v] = tail.choose(fused_add(tail.load(x + i + v * lanes), tail.load(w + i + v * lanes), sum[v]), sum[v]);
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

/// How many registers add_lanes_of takes at once: as many as fill 16 bytes with one number each.
template <class Real>
inline constexpr int folded_rows = HWY_TARGET == HWY_SCALAR ? 1 : 16 / static_cast<int>(sizeof(Real));

#if HWY_TARGET == HWY_SCALAR
template <bool Padded, class D, class Real = hn::TFromD<D>>
HWY_INLINE void add_lanes_of(D, const hn::Vec<D>* sums, Real bias, Real* out) {
    out[0] = (Padded ? sums[0].raw + Real(0) : sums[0].raw) + bias;
}
#else
template <class Real>
using Quad = hn::CappedTag<Real, 16 / sizeof(Real)>;

/// Halves a register until 16 bytes are left.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<Quad<Real>> fold(D d, hn::Vec<D> v) {
    if constexpr (DotLanes<D>::lanes * sizeof(Real) == 16) {
        return v;
    } else {
        const hn::Half<D> half;
        return fold(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
    }
}

/// out[r] = lanes of sums[r] added by halving, + bias, for folded_rows registers. `Padded`: some of the 64 lanes hold no element and were
/// left out; they are +0, so that a sum is never -0.
template <bool Padded, class D>
HWY_INLINE void add_lanes_of(D d, const hn::Vec<D>* sums, float bias, float* out) {
    const Quad<float> quad;
    const auto a = fold(d, sums[0]), b = fold(d, sums[1]), c = fold(d, sums[2]), e = fold(d, sums[3]);
    // Lanes 0 and 1, after lanes 2 and 3 were added to them: a0 b0 a1 b1 and c0 e0 c1 e1.
    const auto ab = hn::Add(hn::InterleaveLower(quad, a, b), hn::InterleaveUpper(quad, a, b));
    const auto ce = hn::Add(hn::InterleaveLower(quad, c, e), hn::InterleaveUpper(quad, c, e));
    auto all = hn::Add(hn::ConcatLowerLower(quad, ce, ab), hn::ConcatUpperUpper(quad, ce, ab));
    if constexpr (Padded) all = hn::Add(all, hn::Zero(quad));
    hn::StoreU(hn::Add(all, hn::Set(quad, bias)), quad, out);
}
template <bool Padded, class D>
HWY_INLINE void add_lanes_of(D d, const hn::Vec<D>* sums, double bias, double* out) {
    const Quad<double> pair;
    const auto a = fold(d, sums[0]), b = fold(d, sums[1]);
    auto all = hn::Add(hn::InterleaveLower(pair, a, b), hn::InterleaveUpper(pair, a, b));
    if constexpr (Padded) all = hn::Add(all, hn::Zero(pair));
    hn::StoreU(hn::Add(all, hn::Set(pair, bias)), pair, out);
}
#endif

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
