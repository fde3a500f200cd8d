// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

/// Error bounds from theory (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.), so that no test has a tolerance out of the
/// air.
namespace glissade::testing {

/// Unit roundoff: the largest relative error of one correctly rounded operation.
template <class Real>
constexpr double unit_roundoff() {
    return static_cast<double>(std::numeric_limits<Real>::epsilon()) / 2;
}

/// gamma_n = n*u/(1-n*u): the relative error that n successive roundings can add up to (Higham, lemma 3.1).
template <class Real>
constexpr double gamma_bound(double n) {
    return n * unit_roundoff<Real>() / (1 - n * unit_roundoff<Real>());
}

/// The distance between `value` and `exact` in units in the last place of Real at `exact`. 0 if both are NaN or the same infinity.
template <class Real>
long double ulp_distance(Real value, long double exact) {
    if (std::isnan(value) && std::isnan(exact)) return 0;
    if (static_cast<long double>(value) == exact) return 0;
    if (std::isinf(value)) {  // rounding to infinity is right from half an ulp above the largest number on
        const long double largest = std::numeric_limits<Real>::max();
        const long double next = std::ldexp(1.0L, std::numeric_limits<Real>::max_exponent);
        if (std::signbit(value) == std::signbit(exact) && std::fabs(exact) >= largest)
            return std::fabs(exact) >= next ? 0 : (next - std::fabs(exact)) / (next - largest);
    }
    if (!std::isfinite(value) || !std::isfinite(exact)) return std::numeric_limits<long double>::infinity();
    const int exponent =
        std::max(exact == 0 ? std::numeric_limits<Real>::min_exponent : std::ilogb(exact) + 1, std::numeric_limits<Real>::min_exponent);
    return std::fabs(value - exact) / std::ldexp(1.0L, exponent - std::numeric_limits<Real>::digits);
}

/// A double with a running bound of its error (Wilkinson; Higham, section 3.3): each operation adds its own rounding to what it passes on.
/// Computes, beside a value, how far the same formula in exact arithmetic may be.
struct Tracked {
    double value = 0;
    double error = 0;

    Tracked() = default;
    Tracked(double v) : value(v) {}
    Tracked(double v, double e) : value(v), error(e + std::fabs(v) * unit_roundoff<double>()) {}

    friend Tracked operator+(Tracked a, Tracked b) { return {a.value + b.value, a.error + b.error}; }
    friend Tracked operator-(Tracked a, Tracked b) { return {a.value - b.value, a.error + b.error}; }
    friend Tracked operator*(Tracked a, Tracked b) {
        return {a.value * b.value, std::fabs(a.value) * b.error + std::fabs(b.value) * a.error + a.error * b.error};
    }
    friend Tracked operator/(Tracked a, Tracked b) {
        const double quotient = a.value / b.value, least = std::fabs(b.value) - b.error;
        return {quotient, least > 0 ? (a.error + std::fabs(quotient) * b.error) / least : std::numeric_limits<double>::infinity()};
    }
    /// cos errs by at most one ulp of its own beside what its argument brings.
    friend Tracked cos(Tracked a) { return {std::cos(a.value), a.error + unit_roundoff<double>()}; }
    /// x^p for a positive x and an exact p.
    friend Tracked pow(Tracked a, double p) {
        const double value = std::pow(a.value, p);
        const double relative = a.value > a.error ? a.error / (a.value - a.error) : 1.0;
        return {value, std::fabs(value) * (std::fabs(p) * relative * (1 + relative) + unit_roundoff<double>())};
    }
};

}  // namespace glissade::testing
