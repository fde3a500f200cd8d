// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

/// Marks a formula that runs on the host and on the device and is always inlined, so that it takes on the instruction set of its caller.
/// Not so where nothing is optimised: there calls compile in a third of the time, and a debugger can step into a formula.
#if defined(__CUDACC__)
#define GLISSADE_RULE __host__ __device__ __forceinline__
#elif defined(__OPTIMIZE__)
#define GLISSADE_RULE inline __attribute__((always_inline))
#else
#define GLISSADE_RULE inline
#endif

namespace glissade::rules {

// The only operations that formulas are made of. Each is correctly rounded, so the host, the device and every instruction set give the same
// bits.
GLISSADE_RULE float fused(float a, float b, float c) {
    return ::fmaf(a, b, c);
}
GLISSADE_RULE double fused(double a, double b, double c) {
    return ::fma(a, b, c);
}
GLISSADE_RULE float root(float x) {
    return ::sqrtf(x);
}
GLISSADE_RULE double root(double x) {
    return ::sqrt(x);
}

template <class Real>
GLISSADE_RULE Real larger(Real a, Real b) {
    return a > b ? a : b;
}
template <class Real>
GLISSADE_RULE Real smaller(Real a, Real b) {
    return a < b ? a : b;
}
template <class Real>
GLISSADE_RULE Real magnitude(Real x) {
    return x < Real(0) ? -x : x;
}
/// True for every number that is neither infinite nor NaN.
template <class Real>
GLISSADE_RULE bool is_finite(Real x) {
    return (x - x) == Real(0);
}

}  // namespace glissade::rules
