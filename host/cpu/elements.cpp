// SPDX-License-Identifier: Apache-2.0
// Element-wise loops over sums and gradients.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/elements.cpp"
#include "hwy/foreach_target.h"
//
#include "glissade/rules/bfloat16.hpp"
#include "glissade/rules/math.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/vectors-inl.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

template <class Real>
void apply_affine(const Real* HWY_RESTRICT x, const Real* HWY_RESTRICT scale, const Real* HWY_RESTRICT shift, std::int64_t count,
                  Real* HWY_RESTRICT out) {
    for (std::int64_t j = 0; j < count; ++j) out[j] = rules::fused(x[j], scale[j], shift[j]);
}

template <class Real>
void round_to_bfloat16(const Real* x, std::int64_t count, Real* out) {
    for (std::int64_t j = 0; j < count; ++j) out[j] = static_cast<Real>(rules::rounded_to_bfloat16(static_cast<float>(x[j])));
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

template <class Real>
ElementLoops<Real> loops() {
    return {apply_affine<Real>, round_to_bfloat16<Real>, add<Real>, mean<Real>, square<Real>, scale<Real>};
}
ElementLoops<float> loops_float() {
    return loops<float>();
}
ElementLoops<double> loops_double() {
    return loops<double>();
}
const char* name() {
    return hwy::TargetName(HWY_TARGET);
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(loops_float);
HWY_EXPORT(loops_double);
HWY_EXPORT(name);

template <>
ElementLoops<float> element_loops<float>() {
    return HWY_DYNAMIC_DISPATCH(loops_float)();
}
template <>
ElementLoops<double> element_loops<double>() {
    return HWY_DYNAMIC_DISPATCH(loops_double)();
}
const char* instruction_set() {
    return HWY_DYNAMIC_DISPATCH(name)();
}

}  // namespace glissade::cpu
#endif
