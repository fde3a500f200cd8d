// SPDX-License-Identifier: Apache-2.0
// Our elementary functions against long double over dense sweeps of the bit patterns of each type. The largest errors stand in docs/numerics.md.
#include "glissade/rules/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "glissade/random.hpp"
#include "tests/support/bounds.hpp"

namespace glissade {
namespace {

using testing::ulp_distance;

/// Errors that the documentation promises, in units in the last place.
template <class Real>
struct Promise {
    double exp, expm1, log, log1p, tanh, sigmoid;
};
constexpr Promise<float> promise_float{2, 2, 2, 2, 4, 3};
constexpr Promise<double> promise_double{2, 2, 2, 2, 4, 3};

template <class Real>
struct Worst {
    long double error = 0;
    Real at = 0;
};

/// Calls f for bit patterns over the whole range of the type (all exponents, subnormals, infinities, NaNs), and for values drawn evenly where the functions turn.
template <class Real, class F>
void for_sweep(F&& f) {
    using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
    constexpr std::uint64_t count = 400000;
    const Bits stride = std::numeric_limits<Bits>::max() / count | 1;
    Bits bits = 0;
    for (std::uint64_t i = 0; i < count; ++i, bits += stride) f(std::bit_cast<Real>(bits));
    for (const double reach : {1e-6, 1e-2, 1.0, 25.0, 110.0, 760.0})
        for (std::uint64_t i = 0; i < count / 8; ++i) f(static_cast<Real>(reach * (2 * Philox::uniform(9, 5, i) - 1)));
    for (int exponent = std::numeric_limits<Real>::min_exponent - std::numeric_limits<Real>::digits; exponent < std::numeric_limits<Real>::max_exponent; ++exponent)
        for (const Real m : {Real(1), std::nextafter(Real(1), Real(0)), std::nextafter(Real(1), Real(2)), Real(-1)}) f(std::ldexp(m, exponent));
}

/// The largest error of `ours` against `exact` where `inside` holds. Both see the same number.
template <class Real, class Ours, class Exact, class Inside>
Worst<Real> worst_error(Ours ours, Exact exact, Inside inside) {
    Worst<Real> worst;
    for_sweep<Real>([&](Real x) {
        if (!inside(x)) return;
        const long double error = ulp_distance(ours(x), exact(static_cast<long double>(x)));
        if (error > worst.error) worst = {error, x};
    });
    return worst;
}

#define GLISSADE_CHECK_FUNCTION(function, Real, promised, inside)                                                                      \
    {                                                                                                                                  \
        const auto worst = worst_error<Real>([](Real x) { return rules::function(x); }, [](long double x) { return exact_##function(x); }, inside); \
        EXPECT_LE(worst.error, promised) << #function " at " << worst.at;                                                              \
        std::printf("[ ulp      ] %-8s %-7s %.3Lf at %g\n", #function, #Real, worst.error, static_cast<double>(worst.at));             \
    }

}  // namespace
}  // namespace glissade
