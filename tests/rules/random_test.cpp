// SPDX-License-Identifier: Apache-2.0
#include "glissade/random.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace glissade {
namespace {

TEST(Random, PhiloxGivesTheKnownAnswersOfItsAuthors) {
    // Random123's kat_vectors, "philox4x32 10": counter words 0..3, key words 0..1, result words 0..3. Our counter is words 0 and 1, our
    // stream words 2 and 3.
    struct Answer {
        std::uint32_t counter[4], key[2], result[4];
    };
    const Answer answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (const Answer& a : answers) {
        const auto wide = [](const std::uint32_t* words) { return (static_cast<std::uint64_t>(words[1]) << 32) | words[0]; };
        const auto block = Philox::generate(wide(a.key), wide(a.counter + 2), wide(a.counter));
        for (int i = 0; i < 4; ++i) EXPECT_EQ(block.word[i], a.result[i]) << i;
    }
}

TEST(Random, UniformIsInTheHalfOpenUnitIntervalWithTheRightMeanAndVariance) {
    const int count = 100000;
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const double u = Philox::uniform(7, 3, i);
        ASSERT_GE(u, 0);
        ASSERT_LT(u, 1);
        sum += u;
        squares += (u - .5) * (u - .5);
    }
    // Five standard errors of a uniform's mean and second central moment.
    EXPECT_NEAR(sum / count, .5, 5 * std::sqrt(1.0 / 12 / count));
    EXPECT_NEAR(squares / count, 1.0 / 12, 5 * std::sqrt((1.0 / 80 - 1.0 / 144) / count));
}

TEST(Random, SeedsStreamsAndCountersAllMatter) {
    const auto word = Philox::word64(1, 2, 3);
    EXPECT_EQ(word, Philox::word64(1, 2, 3));
    EXPECT_NE(word, Philox::word64(2, 2, 3));
    EXPECT_NE(word, Philox::word64(1, 3, 3));
    EXPECT_NE(word, Philox::word64(1, 2, 4));
    EXPECT_NE(word, Philox::word64(1ull << 40 | 1, 2, 3));
    EXPECT_NE(word, Philox::word64(1, 1ull << 40 | 2, 3));
    EXPECT_NE(word, Philox::word64(1, 2, 1ull << 40 | 3));
}

}  // namespace
}  // namespace glissade
