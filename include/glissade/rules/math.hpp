// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/portable.hpp"

/// exp, expm1, log, log1p, tanh and the normal distribution of our own, for float and double: fixed polynomials over + - * / and fma, so
/// that the host, the device and every instruction set give the same bits, and free of branches, so that loops over them vectorise. Errors
/// are a few units in the last place, tested against higher precision. Series: Taylor for exp on |r| <= ln(2)/2, and log(m) = 2
/// atanh((m-1)/(m+1)) (Abramowitz and Stegun, 4.1.27, 4.2.1).
namespace glissade::rules {

template <class Real>
struct RealBits;

template <>
struct RealBits<float> {
    using Signed = std::int32_t;
    using Unsigned = std::uint32_t;
    static constexpr int mantissa_bits = 23;
    static constexpr Signed bias = 127;
    static constexpr float round_magic = 12582912.0f;                                    // 1.5 * 2^23
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440054690581e-4f;  // high part has 9 bits: n * high is exact
    static constexpr float exp_low = -104.0f, exp_high = 89.0f;
    static constexpr int exp_terms = 8, log_terms = 6;
    static constexpr Unsigned root_half = 0x3f3504f3u;     // bits of sqrt(1/2)
    static constexpr float tail_scale = 3, tail_end = 15;  // see normal_distribution
    static constexpr float smallest_normal = 1.17549435e-38f, subnormal_scale = 8388608.0f;
};

template <>
struct RealBits<double> {
    using Signed = std::int64_t;
    using Unsigned = std::uint64_t;
    static constexpr int mantissa_bits = 52;
    static constexpr Signed bias = 1023;
    static constexpr double round_magic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double ln2_high = 0.693147180369123816490, ln2_low = 1.90821492927058770002e-10;
    static constexpr double exp_low = -746.0, exp_high = 710.0;
    static constexpr int exp_terms = 14, log_terms = 12;
    static constexpr Unsigned root_half = 0x3fe6a09e667f3bcdull;
    static constexpr double tail_scale = 4, tail_end = 39;
    static constexpr double smallest_normal = 2.2250738585072014e-308, subnormal_scale = 4503599627370496.0;
};

/// 2^n for n within the exponent range, from its bits. Junk bits in, junk out: callers multiply it into a NaN then.
template <class Real>
GLISSADE_RULE Real power_of_two(typename RealBits<Real>::Signed n) {
    using Bits = RealBits<Real>;
    return __builtin_bit_cast(Real, static_cast<typename Bits::Unsigned>(n + Bits::bias) << Bits::mantissa_bits);
}

/// Splits x into n * ln(2) + r with |r| <= ln(2)/2 and returns n, as a real and as an integer.
template <class Real>
struct ExpParts {
    Real r;
    typename RealBits<Real>::Signed n;
};

template <class Real>
GLISSADE_RULE ExpParts<Real> split_exp(Real x) {
    using Bits = RealBits<Real>;
    constexpr Real inverse_ln2 = Real(1.44269504088896340736);
    const Real shifted = fused(x, inverse_ln2, Bits::round_magic);
    const Real n = shifted - Bits::round_magic;
    const Real r = fused(-n, Bits::ln2_low, fused(-n, Bits::ln2_high, x));
    const auto raw = __builtin_bit_cast(typename Bits::Unsigned, shifted) - __builtin_bit_cast(typename Bits::Unsigned, Bits::round_magic);
    return {r, static_cast<typename Bits::Signed>(raw)};
}

/// exp(r) - 1 for |r| <= ln(2)/2: r + r^2/2! + ... by Horner.
template <class Real>
GLISSADE_RULE Real expm1_core(Real r) {
    constexpr double inverse_factorial[15] = {
        1.0,         1.0,          1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,          1.0 / 720,          1.0 / 5040,
        1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0, 1.0 / 87178291200.0};
    Real sum = Real(inverse_factorial[RealBits<Real>::exp_terms]);
#pragma GCC unroll 16
    for (int k = RealBits<Real>::exp_terms - 1; k >= 2; --k) sum = fused(sum, r, Real(inverse_factorial[k]));
    return fused(sum * r, r, r);
}

/// e^x. Overflows to infinity, underflows through the subnormals to 0; NaN stays NaN.
template <class Real>
GLISSADE_RULE Real exp(Real x) {
    using Bits = RealBits<Real>;
    const Real low = x < Bits::exp_low ? Bits::exp_low : x;
    const Real clamped = low > Bits::exp_high ? Bits::exp_high : low;
    const auto parts = split_exp(clamped);
    const auto half = parts.n >> 1;  // two factors, so that neither leaves the exponent range
    const Real scaled = (Real(1) + expm1_core(parts.r)) * power_of_two<Real>(half);
    return scaled * power_of_two<Real>(parts.n - half);
}

/// e^x - 1, accurate near 0. For x <= the overflow threshold of exp.
template <class Real>
GLISSADE_RULE Real expm1(Real x) {
    using Bits = RealBits<Real>;
    const Real low = x < Real(-40) ? Real(-40) : x;
    const Real clamped = low > Bits::exp_high ? Bits::exp_high : low;
    const auto parts = split_exp(clamped);
    const auto half = parts.n >> 1;
    const Real first = power_of_two<Real>(half), second = power_of_two<Real>(parts.n - half);
    const Real core = expm1_core(parts.r);
    // 2^n * core + (2^n - 1) while 2^n is modest; beyond, the -1 no longer matters and two factors avoid overflow of 2^n itself.
    const Real power = first * second;
    const Real near = fused(power, core, power - Real(1));
    const Real far = (Real(1) + core) * first * second;
    return parts.n > Bits::mantissa_bits + 2 ? far : near;
}

/// Natural logarithm. log(0) = -infinity, log(x < 0) = NaN, log(infinity) = infinity.
template <class Real>
GLISSADE_RULE Real log(Real x) {
    using Bits = RealBits<Real>;
    using Unsigned = typename Bits::Unsigned;
    using Signed = typename Bits::Signed;
    constexpr Real infinity = Real(__builtin_huge_val());
    const bool tiny = x < Bits::smallest_normal;
    const Real normal = tiny ? x * Bits::subnormal_scale : x;
    const Unsigned shifted = __builtin_bit_cast(Unsigned, normal) - Bits::root_half;
    const Signed exponent = static_cast<Signed>(shifted) >> Bits::mantissa_bits;
    constexpr Unsigned mantissa_mask = (Unsigned(1) << Bits::mantissa_bits) - 1;
    const Real m = __builtin_bit_cast(Real, static_cast<Unsigned>((shifted & mantissa_mask) + Bits::root_half));
    const Real f = m - Real(1);
    const Real s = f / (Real(2) + f);
    const Real z = s * s;
    Real sum = Real(1.0 / (2 * Bits::log_terms + 1));
#pragma GCC unroll 16
    for (int k = Bits::log_terms - 1; k >= 1; --k) sum = fused(sum, z, Real(1.0 / (2 * k + 1)));
    // log(m) = 2s + 2s*z*sum = f - s*(f - 2*z*sum), since 2s = f - s*f.
    const Real n = Real(exponent) - (tiny ? Real(Bits::mantissa_bits) : Real(0));
    const Real correction = fused(n, Bits::ln2_low, -s * (f - Real(2) * z * sum));
    const Real value = fused(n, Bits::ln2_high, f + correction);
    const Real at_edge = x == Real(0) ? -infinity : (x < Real(0) ? Real(0) / Real(0) : x);
    return x > Real(0) && x < infinity ? value : at_edge;
}

/// log(1 + x), accurate near 0, for x > -1.
template <class Real>
GLISSADE_RULE Real log1p(Real x) {
    constexpr Real infinity = Real(__builtin_huge_val());
    const Real u = Real(1) + x;
    const Real lost = x - (u - Real(1));  // what the addition rounded away
    const Real value = log(u) + lost / u;
    return u > Real(0) && u < infinity ? value : log(u);
}

/// a * e^x where e^x alone would overflow or underflow; 0 for a = 0.
template <class Real>
GLISSADE_RULE Real times_exp(Real a, Real x) {
    const Real half = exp(Real(0.5) * x);
    const Real value = (a * half) * half;
    return a == Real(0) ? a : value;
}

template <class Real>
GLISSADE_RULE Real tanh(Real x) {
    const Real a = smaller(magnitude(x), Real(20));  // tanh(20) rounds to 1 in both types
    const Real e = expm1(Real(2) * a);
    const Real t = e / (e + Real(2));
    const Real value = x < Real(0) ? -t : t;
    return x == x ? value : x;
}

/// 1 / (1 + e^-x) without overflow.
template <class Real>
GLISSADE_RULE Real sigmoid(Real x) {
    const Real e = exp(-magnitude(x));
    const Real d = Real(1) + e;
    return (x < Real(0) ? e : Real(1)) / d;
}

/// (1+2a) * erfcx(a) of t = (a-c)/(a+c), c = tail_scale: polynomials fitted on Chebyshev nodes, for a up to 10.5 and 28.
GLISSADE_RULE float normal_tail(float t) {
    constexpr float c[11] = {1.2530080589007686f,   -0.13562114590152577f,   -0.0475623862541379f,   0.12964659785853802f,
                             -0.11927099624995939f, 0.06829447793282942f,    -0.02379846510725429f,  0.002569877115347866f,
                             0.002005124548071933f, -0.0007770334737290419f, -0.0002685607734788052f};
    float sum = c[10];
#pragma GCC unroll 24
    for (int k = 9; k >= 0; --k) sum = fused(sum, t, c[k]);
    return sum;
}
GLISSADE_RULE double normal_tail(double t) {
    constexpr double c[23] = {1.2329951186255526,     -0.1396211168405629,     0.015379652102620305,    0.06809705425473639,
                              -0.10103906603632913,   0.09373283499682628,     -0.0663303658119996,     0.037167515561938515,
                              -0.0161977340542423,    0.005031969761432285,    -0.000757773370277741,   -0.0001992555416162786,
                              0.00015062234674481447, -2.4403036998954536e-05, -1.1225008755089552e-05, 5.717563626689596e-06,
                              3.016107881318932e-07,  -8.346789501461553e-07,  6.258721442256385e-08,   1.1494863135062745e-07,
                              -7.764817952397257e-09, -1.3529367067220971e-08, -1.7668021904964841e-09};
    double sum = c[22];
#pragma GCC unroll 24
    for (int k = 21; k >= 0; --k) sum = fused(sum, t, c[k]);
    return sum;
}

/// The share of a standard normal that lies below z, Phi(z), and its density there. Far below 0 too to a few units in the last place:
/// Phi(-|z|) = e^(-z^2/2)/2 * erfcx(a), a = |z|/sqrt(2), and (1+2a) * erfcx(a) is a polynomial in (a-c)/(a+c) (Shepherd and Laframboise
/// 1981).
template <class Real>
GLISSADE_RULE Real normal_distribution(Real z, Real& density_out) {
    using Bits = RealBits<Real>;
    const Real size = smaller(magnitude(z), Bits::tail_end);  // beyond, both are 0
    const Real square = size * size, lost = fused(size, size, -square);
    const Real power = exp(Real(-0.5) * square) * fused(Real(-0.5), lost, Real(1));
    const Real a = size * Real(0.70710678118654752440);
    const Real t = (a - Bits::tail_scale) / (a + Bits::tail_scale);
    const Real beyond = Real(0.5) * power * (normal_tail(t) / fused(Real(2), a, Real(1)));
    density_out = z == z ? power * Real(0.39894228040143267794) : z;
    const Real share = z < Real(0) ? beyond : Real(1) - beyond;
    return z == z ? share : z;
}

}  // namespace glissade::rules
