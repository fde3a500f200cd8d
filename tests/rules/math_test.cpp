// SPDX-License-Identifier: Apache-2.0
// Our elementary functions against long double over sweeps of all exponents of each type. The promised errors stand in docs/numerics.md.
#include "glissade/rules/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "glissade/random.hpp"
#include "tests/support/bounds.hpp"

namespace glissade {
namespace {

/// Calls f for bit patterns over the whole range of the type (subnormals, infinities and NaNs among them), for values drawn evenly where
/// the functions turn, and beside every power of two.
template <class Real, class F>
void for_sweep(F&& f) {
    using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
    constexpr std::uint64_t count = 150000;
    const Bits stride = std::numeric_limits<Bits>::max() / static_cast<Bits>(count) | 1;
    Bits bits = 0;
    for (std::uint64_t i = 0; i < count; ++i, bits += stride) f(std::bit_cast<Real>(bits));
    for (const double reach : {1e-6, 1e-2, 1.0, 25.0, 110.0, 760.0})
        for (std::uint64_t i = 0; i < count / 6; ++i) f(static_cast<Real>(reach * (2 * Philox::uniform(9, 5, i) - 1)));
    using Limits = std::numeric_limits<Real>;
    for (int exponent = Limits::min_exponent - Limits::digits; exponent < Limits::max_exponent; ++exponent)
        for (const Real m : {Real(1), std::nextafter(Real(1), Real(0)), std::nextafter(Real(1), Real(2)), Real(-1)})
            f(std::ldexp(m, exponent));
}

/// No value of the sweep may be further than `promised` units in the last place from the exact one.
template <class Real, class Ours, class Exact>
void expect_ulps(const char* name, double promised, Ours ours, Exact exact) {
    long double worst = 0;
    Real at = 0;
    for_sweep<Real>([&](Real x) {
        const long double error = testing::ulp_distance(ours(x), exact(static_cast<long double>(x)));
        if (error > worst) worst = error, at = x;
    });
    EXPECT_LE(worst, promised) << name << " of " << at << " gives " << ours(at) << ", exact is " << exact(at);
    ::testing::Test::RecordProperty(name + std::to_string(sizeof(Real) * 8), std::to_string(worst));
}

/// By erfc of what is exact in long double; below the normal numbers only the distance to 0 counts.
long double exact_share(long double x) {
    return std::erfc(-x / std::sqrt(2.0L)) / 2;
}
long double exact_density(long double x) {
    return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0L));
}

long double exact_sigmoid(long double x) {
    return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

template <class Real>
void expect_all_ulps() {
    expect_ulps<Real>(
        "exp", 1, [](Real x) { return rules::exp(x); }, [](long double x) { return std::exp(x); });
    expect_ulps<Real>(
        "expm1", 2, [](Real x) { return rules::expm1(x); }, [](long double x) { return std::expm1(x); });
    expect_ulps<Real>(
        "log", 1, [](Real x) { return rules::log(x); }, [](long double x) { return std::log(x); });
    expect_ulps<Real>(
        "log1p", 1.5, [](Real x) { return rules::log1p(x); }, [](long double x) { return std::log1p(x); });
    expect_ulps<Real>(
        "tanh", 2.75, [](Real x) { return rules::tanh(x); }, [](long double x) { return std::tanh(x); });
    expect_ulps<Real>(
        "sigmoid", 2.5, [](Real x) { return rules::sigmoid(x); }, exact_sigmoid);
    expect_ulps<Real>(
        "normal share", 7,
        [](Real x) {
            Real density;
            return rules::normal_distribution(x, density);
        },
        exact_share);
    expect_ulps<Real>(
        "normal density", 4,
        [](Real x) {
            Real density;
            rules::normal_distribution(x, density);
            return density;
        },
        exact_density);
}

TEST(Math, FunctionsInFloatKeepTheirPromisedErrors) {
    expect_all_ulps<float>();
}
TEST(Math, FunctionsInDoubleKeepTheirPromisedErrors) {
    expect_all_ulps<double>();
}

template <class Real>
void expect_special_values() {
    const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_EQ(rules::exp(inf), inf);
    EXPECT_EQ(rules::exp(-inf), Real(0));
    EXPECT_EQ(rules::exp(Real(0)), Real(1));
    EXPECT_EQ(rules::expm1(-inf), Real(-1));
    EXPECT_EQ(rules::expm1(Real(0)), Real(0));
    EXPECT_EQ(rules::log(Real(0)), -inf);
    EXPECT_EQ(rules::log(inf), inf);
    EXPECT_EQ(rules::log(Real(1)), Real(0));
    EXPECT_TRUE(std::isnan(rules::log(Real(-1))));
    EXPECT_TRUE(std::isnan(rules::log(-inf)));
    EXPECT_EQ(rules::log1p(Real(-1)), -inf);
    EXPECT_EQ(rules::log1p(inf), inf);
    EXPECT_TRUE(std::isnan(rules::log1p(Real(-2))));
    EXPECT_EQ(rules::tanh(inf), Real(1));
    EXPECT_EQ(rules::tanh(-inf), Real(-1));
    EXPECT_EQ(rules::tanh(Real(0)), Real(0));
    EXPECT_EQ(rules::sigmoid(inf), Real(1));
    EXPECT_EQ(rules::sigmoid(-inf), Real(0));
    EXPECT_EQ(rules::sigmoid(Real(0)), Real(0.5));
    for (const auto function :
         {+[](Real x) { return rules::exp(x); }, +[](Real x) { return rules::expm1(x); }, +[](Real x) { return rules::log(x); },
          +[](Real x) { return rules::log1p(x); }, +[](Real x) { return rules::tanh(x); }, +[](Real x) { return rules::sigmoid(x); }})
        EXPECT_TRUE(std::isnan(function(nan)));
}

TEST(Math, SpecialValuesInFloat) {
    expect_special_values<float>();
}
TEST(Math, SpecialValuesInDouble) {
    expect_special_values<double>();
}

TEST(Math, ExpOverflowsAndUnderflowsWhereItShould) {
    EXPECT_TRUE(std::isfinite(rules::exp(88.72283f)));
    EXPECT_TRUE(std::isinf(rules::exp(88.72284f)));
    EXPECT_EQ(rules::exp(-103.97208f), std::numeric_limits<float>::denorm_min());
    EXPECT_EQ(rules::exp(-103.97209f), 0.0f);
    EXPECT_TRUE(std::isfinite(rules::exp(709.782712893384)));
    EXPECT_TRUE(std::isinf(rules::exp(709.7827128933841)));
    EXPECT_EQ(rules::exp(-745.1332191019411), std::numeric_limits<double>::denorm_min());
    EXPECT_EQ(rules::exp(-745.1332191019412), 0.0);
}

}  // namespace
}  // namespace glissade
