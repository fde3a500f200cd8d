// SPDX-License-Identifier: Apache-2.0
// Rows that are rounded to bfloat16 as they are read: the run is that of rows that were rounded before.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "glissade/rules/bfloat16.hpp"
#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {
namespace {

/// Eight bits, by long division: independent of bits of floats.
double rounded_by_steps(double value) {
    if (value == 0) return value;
    const double unit = std::ldexp(1.0, std::max(std::ilogb(value), -126) - 7);
    return std::nearbyint(value / unit) * unit;
}

TEST(Bfloat16, RoundsToTheNearestAndOfTwoToTheEvenOne) {
    for (int i = 0; i < 100000; ++i) {
        const auto value = static_cast<float>(std::ldexp(2 * Philox::uniform(1, 77, static_cast<std::uint64_t>(i)) - 1, i % 200 - 120));
        ASSERT_EQ(static_cast<double>(rules::rounded_to_bfloat16(value)), rounded_by_steps(static_cast<double>(value))) << value;
    }
    for (int numerator = 256; numerator < 1024; ++numerator) {  // every tie
        const float tie = static_cast<float>(numerator) / 256;
        ASSERT_EQ(static_cast<double>(rules::rounded_to_bfloat16(tie)), rounded_by_steps(static_cast<double>(tie))) << tie;
        ASSERT_EQ(rules::rounded_to_bfloat16(-tie), -rules::rounded_to_bfloat16(tie));
    }
    EXPECT_TRUE(std::isinf(rules::rounded_to_bfloat16(std::numeric_limits<float>::max())));
    EXPECT_TRUE(std::isnan(rules::rounded_to_bfloat16(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_EQ(rules::rounded_to_bfloat16(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
}

TEST(Bfloat16, TwoShareAWord) {
    const std::uint32_t word = rules::bfloat16_bits(-2.5F) << 16 | rules::bfloat16_bits(1.25F);
    EXPECT_EQ(rules::first_bfloat16(word), 1.25F);
    EXPECT_EQ(rules::second_bfloat16(word), -2.5F);
}

void expect_run_on_rounded_rows(CaseShape shape) {
    Case<float> rounded(shape);
    for (std::int64_t r = 0; r < shape.rows; ++r)
        for (std::int64_t j = 0; j < shape.columns; ++j) {
            float& value = rounded.features[static_cast<std::size_t>(r * rounded.problem.features.stride + j)];
            if (shape.affine)
                value = std::fma(value, rounded.scale[static_cast<std::size_t>(j)], rounded.shift[static_cast<std::size_t>(j)]);
            value = rules::rounded_to_bfloat16(value);
        }
    rounded.problem.affine = {};
    shape.bfloat16 = true;
    const Case<float> stored(shape);
    for (const int threads : {1, 3}) {
        const auto expected = rounded.backend(1), made = stored.backend(threads);
        expected->run(rounded.segment());
        EXPECT_FALSE(made->run(stored.segment()).frozen) << shape;
        EXPECT_TRUE(same_state(made->get_state(), expected->get_state())) << shape;
        EXPECT_FALSE(same_state(made->get_state(), stored.start)) << shape;
    }
}

TEST(Bfloat16, ARunIsThatOnRoundedRows) {
    for (const bool affine : {false, true})
        for (const bool padded : {false, true})
            for (const std::int64_t columns : {1, 7, 64, 129}) {
                CaseShape shape{.rows = 90, .columns = columns, .outputs = 2, .members = 2, .batch = 40, .steps = 6};
                shape.affine = affine;
                shape.padded_rows = padded;
                shape.rate = .01;
                expect_run_on_rounded_rows(shape);
                shape.hidden = {5};
                expect_run_on_rounded_rows(shape);
            }
}

}  // namespace
}  // namespace glissade::testing
