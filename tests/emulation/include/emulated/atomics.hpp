// SPDX-License-Identifier: Apache-2.0
#pragma once

// One thread runs at a time and yields only at barriers and collectives, so a plain read-modify-write is atomic. The order in which
// threads come here follows the seed: a float sum that depends on it shows as a difference between seeds.
// ThreadSanitizer is shown an atomic operation, which orders what the threads did before and do after: a missing fence is not found.
#ifdef __SANITIZE_THREAD__
#define GLISSADE_EMULATED_ATOMIC(name, type, expression)                                              \
    inline type name(type* address, type value) {                                                     \
        type old;                                                                                     \
        __atomic_load(address, &old, __ATOMIC_ACQUIRE);                                               \
        type wanted = static_cast<type>(expression);                                                  \
        __atomic_compare_exchange(address, &old, &wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
        return old;                                                                                   \
    }
#else
#define GLISSADE_EMULATED_ATOMIC(name, type, expression) \
    inline type name(type* address, type value) {        \
        const type old = *address;                       \
        *address = static_cast<type>(expression);        \
        return old;                                      \
    }
#endif
#define GLISSADE_EMULATED_ATOMIC_SET(type)                               \
    GLISSADE_EMULATED_ATOMIC(atomicMin, type, old < value ? old : value) \
    GLISSADE_EMULATED_ATOMIC(atomicMax, type, old < value ? value : old) \
    GLISSADE_EMULATED_ATOMIC(atomicAnd, type, old& value)                \
    GLISSADE_EMULATED_ATOMIC(atomicOr, type, old | value)                \
    GLISSADE_EMULATED_ATOMIC(atomicXor, type, old ^ value)
#ifdef __SANITIZE_THREAD__
#define GLISSADE_EMULATED_ATOMIC_CAS(type)                                                                \
    inline type atomicCAS(type* address, type expected, type value) {                                     \
        __atomic_compare_exchange(address, &expected, &value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
        return expected;                                                                                  \
    }
#else
#define GLISSADE_EMULATED_ATOMIC_CAS(type)                            \
    inline type atomicCAS(type* address, type expected, type value) { \
        const type old = *address;                                    \
        if (old == expected) *address = value;                        \
        return old;                                                   \
    }
#endif

GLISSADE_EMULATED_ATOMIC_SET(int)
GLISSADE_EMULATED_ATOMIC_SET(unsigned int)
GLISSADE_EMULATED_ATOMIC_SET(long long)
GLISSADE_EMULATED_ATOMIC_SET(unsigned long long)
GLISSADE_EMULATED_ATOMIC(atomicAdd, int, static_cast<unsigned>(old) + static_cast<unsigned>(value))
GLISSADE_EMULATED_ATOMIC(atomicAdd, unsigned int, old + value)
GLISSADE_EMULATED_ATOMIC(atomicAdd, unsigned long long, old + value)
GLISSADE_EMULATED_ATOMIC(atomicAdd, float, old + value)
GLISSADE_EMULATED_ATOMIC(atomicAdd, double, old + value)
GLISSADE_EMULATED_ATOMIC(atomicSub, int, static_cast<unsigned>(old) - static_cast<unsigned>(value))
GLISSADE_EMULATED_ATOMIC(atomicSub, unsigned int, old - value)
GLISSADE_EMULATED_ATOMIC(atomicInc, unsigned int, old >= value ? 0U : old + 1U)
GLISSADE_EMULATED_ATOMIC(atomicDec, unsigned int, old == 0U || old > value ? value : old - 1U)
GLISSADE_EMULATED_ATOMIC(atomicExch, int, value)
GLISSADE_EMULATED_ATOMIC(atomicExch, unsigned int, value)
GLISSADE_EMULATED_ATOMIC(atomicExch, unsigned long long, value)
GLISSADE_EMULATED_ATOMIC(atomicExch, float, value)
GLISSADE_EMULATED_ATOMIC_CAS(int)
GLISSADE_EMULATED_ATOMIC_CAS(unsigned int)
GLISSADE_EMULATED_ATOMIC_CAS(unsigned long long)
#undef GLISSADE_EMULATED_ATOMIC
#undef GLISSADE_EMULATED_ATOMIC_SET
#undef GLISSADE_EMULATED_ATOMIC_CAS
