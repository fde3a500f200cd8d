// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/portable.hpp"

/// Numbers of 16 bits with the exponent of float32 and 8 bits of precision. Arithmetic is never done in them: they are how features are
/// stored.
namespace glissade::rules {

/// The nearest, of two the even one, in the low half. Finite numbers beyond the largest, 3.39e38, become infinite; NaN stays NaN.
GLISSADE_RULE std::uint32_t bfloat16_bits(float value) {
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t nearest = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    return value != value ? 0x7FC0u : nearest;
}
GLISSADE_RULE float rounded_to_bfloat16(float value) {
    return __builtin_bit_cast(float, bfloat16_bits(value) << 16);
}
/// Of two in a word: the first is its low half.
GLISSADE_RULE float first_bfloat16(std::uint32_t word) {
    return __builtin_bit_cast(float, word << 16);
}
GLISSADE_RULE float second_bfloat16(std::uint32_t word) {
    return __builtin_bit_cast(float, word & 0xFFFF0000u);
}

}  // namespace glissade::rules
