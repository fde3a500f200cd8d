// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <math.h>

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "emulated/vector_types.hpp"

// What CUDA loads and stores with a cache hint; the hint means nothing here.
namespace glissade::emulation {
template <typename T, typename... Types>
concept OneOf = (std::same_as<T, Types> || ...);
template <typename T>
concept Loadable = std::is_arithmetic_v<T> || OneOf<T, char2, char4, uchar2, uchar4, short2, short4, ushort2, ushort4, int2, int4, uint2,
                                                    uint4, longlong2, ulonglong2, float2, float4, double2>;
}  // namespace glissade::emulation

#define GLISSADE_EMULATED_LOAD(name)           \
    template <glissade::emulation::Loadable T> \
    inline T name(const T* address) {          \
        return *address;                       \
    }
#define GLISSADE_EMULATED_STORE(name)                             \
    template <glissade::emulation::Loadable T>                    \
    inline void name(T* address, std::type_identity_t<T> value) { \
        *address = value;                                         \
    }
GLISSADE_EMULATED_LOAD(__ldg)
GLISSADE_EMULATED_LOAD(__ldca)
GLISSADE_EMULATED_LOAD(__ldcg)
GLISSADE_EMULATED_LOAD(__ldcs)
GLISSADE_EMULATED_LOAD(__ldcv)
GLISSADE_EMULATED_LOAD(__ldlu)
GLISSADE_EMULATED_STORE(__stcg)
GLISSADE_EMULATED_STORE(__stcs)
GLISSADE_EMULATED_STORE(__stwb)
GLISSADE_EMULATED_STORE(__stwt)
#undef GLISSADE_EMULATED_LOAD
#undef GLISSADE_EMULATED_STORE

inline unsigned __float_as_uint(float x) {
    return std::bit_cast<unsigned>(x);
}
inline int __float_as_int(float x) {
    return std::bit_cast<int>(x);
}
inline float __uint_as_float(unsigned x) {
    return std::bit_cast<float>(x);
}
inline float __int_as_float(int x) {
    return std::bit_cast<float>(x);
}
inline long long __double_as_longlong(double x) {
    return std::bit_cast<long long>(x);
}
inline double __longlong_as_double(long long x) {
    return std::bit_cast<double>(x);
}

inline float __fmaf_rn(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __frcp_rn(float a) {
    return 1.0F / a;
}
inline float __fsqrt_rn(float a) {
    return __builtin_sqrtf(a);
}
inline double __fma_rn(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
inline double __dmul_rn(double a, double b) {
    return a * b;
}
inline double __dadd_rn(double a, double b) {
    return a + b;
}
inline double __dsub_rn(double a, double b) {
    return a - b;
}
inline double __ddiv_rn(double a, double b) {
    return a / b;
}
inline double __dsqrt_rn(double a) {
    return __builtin_sqrt(a);
}

inline int __popc(unsigned x) {
    return std::popcount(x);
}
inline int __popcll(unsigned long long x) {
    return std::popcount(x);
}
inline int __clz(int x) {
    return std::countl_zero(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
    return std::countl_zero(static_cast<unsigned long long>(x));
}
inline int __ffs(int x) {
    return __builtin_ffs(x);
}
inline int __ffsll(long long x) {
    return __builtin_ffsll(x);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>((static_cast<std::uint64_t>(a) * b) >> 32);
}
inline int __mulhi(int a, int b) {
    return static_cast<int>((static_cast<std::int64_t>(a) * b) >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<unsigned long long>((static_cast<Wide>(a) * b) >> 64);
}

// CUDA's global min and max, with its overloads for mixed signs and widths.
#define GLISSADE_EMULATED_MIN_MAX(result, first, second)                                                          \
    constexpr result min(first a, second b) {                                                                     \
        return static_cast<result>(a) < static_cast<result>(b) ? static_cast<result>(a) : static_cast<result>(b); \
    }                                                                                                             \
    constexpr result max(first a, second b) {                                                                     \
        return static_cast<result>(a) < static_cast<result>(b) ? static_cast<result>(b) : static_cast<result>(a); \
    }
#define GLISSADE_EMULATED_MIN_MAX_INTEGER(type)                            \
    GLISSADE_EMULATED_MIN_MAX(type, type, type)                            \
    GLISSADE_EMULATED_MIN_MAX(unsigned type, unsigned type, unsigned type) \
    GLISSADE_EMULATED_MIN_MAX(unsigned type, type, unsigned type)          \
    GLISSADE_EMULATED_MIN_MAX(unsigned type, unsigned type, type)
GLISSADE_EMULATED_MIN_MAX_INTEGER(int)
GLISSADE_EMULATED_MIN_MAX_INTEGER(long)
GLISSADE_EMULATED_MIN_MAX_INTEGER(long long)
#undef GLISSADE_EMULATED_MIN_MAX_INTEGER
#undef GLISSADE_EMULATED_MIN_MAX
inline float min(float a, float b) {
    return fminf(a, b);
}
inline float max(float a, float b) {
    return fmaxf(a, b);
}
inline double min(double a, double b) {
    return fmin(a, b);
}
inline double max(double a, double b) {
    return fmax(a, b);
}
inline double min(float a, double b) {
    return fmin(static_cast<double>(a), b);
}
inline double max(float a, double b) {
    return fmax(static_cast<double>(a), b);
}
inline double min(double a, float b) {
    return fmin(a, static_cast<double>(b));
}
inline double max(double a, float b) {
    return fmax(a, static_cast<double>(b));
}
