// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

/// Monte Carlo arithmetic (Parker 1997; CESTAC, Vignes 1974): a number whose every operation is rounded at random, as if it had fewer
/// digits.
namespace glissade::reference {

/// The random roundings of this thread's Noisy numbers.
struct Noise {
    long double unit = 0;  ///< largest relative error of an operation
    std::uint64_t seed = 0;
    bool repeats_each_step = false;  ///< the same operation errs the same way in each step, by the full unit: what biased rounding does
    std::uint64_t counter = 0;

    /// Between -1 and 1.
    long double draw() {
        std::uint64_t z = seed + (++counter) * 0x9E3779B97F4A7C15ull;  // splitmix64 (Steele, Lea and Flood 2014)
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        z ^= z >> 31;
        if (repeats_each_step) return (z & 1) != 0 ? 1.0L : -1.0L;
        return static_cast<long double>(static_cast<std::int64_t>(z)) * 0x1p-63L;
    }
    void begin_step() {
        if (repeats_each_step) counter = 0;
    }
};

inline thread_local Noise noise;

class Noisy {
public:
    Noisy() = default;
    Noisy(long double value) : value_(value) {}

    /// A value rounded once.
    static Noisy rounded(long double value, int units = 1) {
        return noise.unit == 0 ? Noisy(value) : Noisy(value + value * (noise.unit * static_cast<long double>(units) * noise.draw()));
    }
    long double value() const { return value_; }

    friend Noisy operator+(Noisy a, Noisy b) { return rounded(a.value_ + b.value_); }
    friend Noisy operator-(Noisy a, Noisy b) { return rounded(a.value_ - b.value_); }
    friend Noisy operator*(Noisy a, Noisy b) { return rounded(a.value_ * b.value_); }
    friend Noisy operator/(Noisy a, Noisy b) { return rounded(a.value_ / b.value_); }
    friend Noisy operator-(Noisy a) { return Noisy(-a.value_); }
    friend bool operator<(Noisy a, Noisy b) { return a.value_ < b.value_; }
    friend bool operator>(Noisy a, Noisy b) { return a.value_ > b.value_; }
    friend bool operator<=(Noisy a, Noisy b) { return a.value_ <= b.value_; }
    friend bool operator==(Noisy a, Noisy b) { return a.value_ == b.value_; }

private:
    long double value_ = 0;
};

/// Elementary functions may err by this many units: more than those of the library do (docs/numerics.md).
inline constexpr int function_units = 4;

/// What the reference computes with: long double itself, double, or Noisy.
template <class T>
struct Numbers {
    static T from(long double x) { return static_cast<T>(x); }
    /// A scalar of a step, which hosts compute in double, where terms as large as `size` cancel.
    static long double cancelled(long double x, long double) { return x; }
    static double to_double(T x) { return static_cast<double>(x); }
    static T exp(T x) { return std::exp(x); }
    static T log(T x) { return std::log(x); }
    static T log1p(T x) { return std::log1p(x); }
    static T sqrt(T x) { return std::sqrt(x); }
    static T expm1(T x) { return std::expm1(x); }
    static T tanh(T x) { return std::tanh(x); }
    static T normal_share(T x) { return std::erfc(-x / std::sqrt(T(2))) / 2; }  ///< Phi(x)
};

template <>
struct Numbers<Noisy> {
    static Noisy from(long double x) { return Noisy::rounded(x); }
    static long double cancelled(long double x, long double size) {
        constexpr long double two_roundings = 0x1p-52L;
        return noise.unit == 0 ? x : x + size * two_roundings * noise.draw();
    }
    static double to_double(Noisy x) { return static_cast<double>(x.value()); }
    static Noisy exp(Noisy x) { return Noisy::rounded(std::exp(x.value()), function_units); }
    static Noisy log(Noisy x) { return Noisy::rounded(std::log(x.value()), function_units); }
    static Noisy log1p(Noisy x) { return Noisy::rounded(std::log1p(x.value()), function_units); }
    static Noisy sqrt(Noisy x) { return Noisy::rounded(std::sqrt(x.value())); }
    static Noisy expm1(Noisy x) { return Noisy::rounded(std::expm1(x.value()), function_units); }
    static Noisy tanh(Noisy x) { return Noisy::rounded(std::tanh(x.value()), function_units); }
    static Noisy normal_share(Noisy x) { return Noisy::rounded(Numbers<long double>::normal_share(x.value()), 2 * function_units); }
};

template <class T>
T magnitude(T x) {
    return x < T(0) ? -x : x;
}

}  // namespace glissade::reference
