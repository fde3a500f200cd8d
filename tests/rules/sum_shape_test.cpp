// SPDX-License-Identifier: Apache-2.0
#include "glissade/rules/sum_shape.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace glissade {
namespace {

TEST(SumShape, PartialsCoverTheBatchOnceInRunsOfNearlyEqualLength) {
    for (std::int64_t rows : {0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1000, 8192, 16383, 16384, 16385, 100000}) {
        const SumShape shape = SumShape::of_batch(rows);
        EXPECT_EQ(shape.rows, rows);
        EXPECT_TRUE(std::has_single_bit(static_cast<std::uint64_t>(shape.partials))) << rows;
        EXPECT_LE(shape.partials, SumShape::max_partials);
        EXPECT_EQ(shape.begin(0), 0);
        EXPECT_EQ(shape.begin(shape.partials), rows);
        for (std::int64_t v = 0; v < shape.partials; ++v) {
            const std::int64_t length = shape.begin(v + 1) - shape.begin(v), even = rows / shape.partials;
            EXPECT_TRUE(length == even || length == even + 1) << rows << " rows, partial " << v << ": " << length;
        }
    }
}

TEST(SumShape, RunsAreShortWhileTheCapAllows) {
    for (std::int64_t rows = 1; rows <= SumShape::rows_a_partial * SumShape::max_partials; rows += 13) {
        const SumShape shape = SumShape::of_batch(rows);
        EXPECT_LE((rows + shape.partials - 1) / shape.partials, SumShape::rows_a_partial) << rows;
        EXPECT_GT(2 * rows, (shape.partials - 1) * SumShape::rows_a_partial) << rows << ": more partials than needed";
    }
}

TEST(SumShape, HugeBatchesDoNotOverflow) {
    const std::int64_t rows = (std::int64_t(1) << 53) - 1;
    const SumShape shape = SumShape::of_batch(rows);
    EXPECT_EQ(shape.partials, SumShape::max_partials);
    EXPECT_EQ(shape.begin(shape.partials), rows);
    EXPECT_GT(shape.begin(shape.partials - 1), shape.begin(shape.partials - 2));
}

TEST(SumShape, DependsOnNothingButTheRows) {
    static_assert(SumShape::dot_lanes == 64 && SumShape::version == 1, "stored in checkpoints: a change needs a new version");
    EXPECT_EQ(SumShape::of_batch(300).partials, 32);
    EXPECT_EQ(SumShape::of_batch(16).partials, 1);
    EXPECT_EQ(SumShape::of_batch(17).partials, 2);
}

}  // namespace
}  // namespace glissade
