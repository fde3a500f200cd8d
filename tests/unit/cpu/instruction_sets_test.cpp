// SPDX-License-Identifier: Apache-2.0
// The same bits from every instruction set that this processor has.
#include "host/cpu/simd_targets.hpp"
//
#include <gtest/gtest.h>

#include <string>

#include "host/cpu/kernels.hpp"
#include "hwy/highway.h"
#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {
namespace {

/// Lets the library see one instruction set only.
class OnlyTarget {
public:
    explicit OnlyTarget(std::int64_t target) { choose(target); }
    ~OnlyTarget() { choose(0); }
    OnlyTarget(const OnlyTarget&) = delete;

private:
    static void choose(std::int64_t target) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().DeInit();
    }
};

/// What this processor has of what the library was built for; plain code always.
std::vector<std::int64_t> targets() {
    std::vector<std::int64_t> found = hwy::SupportedAndGeneratedTargets();
    if ((HWY_TARGETS & HWY_SCALAR) != 0 && (hwy::SupportedTargets() & HWY_SCALAR) == 0) found.push_back(HWY_SCALAR);
    return found;
}

template <class Real>
void expect_same_everywhere(const CaseShape& shape) {
    const Case<Real> c(shape);
    const auto expected = oracle::run(c.problem, c.start, c.segment());
    for (const std::int64_t target : targets()) {
        const OnlyTarget only(target);
        ASSERT_STREQ(cpu::instruction_set(), hwy::TargetName(target));
        EXPECT_TRUE(runs_to(c, 1, expected)) << shape << ", " << hwy::TargetName(target) << ", " << sizeof(Real) << " bytes";
    }
}

TEST(InstructionSets, IncludePlainCode) {
    ASSERT_FALSE(targets().empty());
    const OnlyTarget only(HWY_SCALAR);
    EXPECT_STREQ(cpu::instruction_set(), "SCALAR");
}

TEST(InstructionSets, AgreeOnEveryLoss) {
    for (int loss = 0; loss < LossRules::count; ++loss)
        for (std::int64_t columns : {28, 70}) {
            CaseShape shape{.rows = 60, .columns = columns, .outputs = 3, .batch = 25, .steps = 6, .loss = loss};
            shape.weights = true;
            shape.affine = true;
            expect_same_everywhere<float>(shape);
            expect_same_everywhere<double>(shape);
        }
}

TEST(InstructionSets, AgreeOnEveryUpdateRule) {
    for (int rule = 0; rule < UpdateRules::count; ++rule)
        for (int variant = 0; variant < 4; ++variant)
            for (bool averaging : {false, true}) {
                if (!cpu::update_loop<float>(rule, variant, averaging)) continue;
                CaseShape shape{.rows = 40, .columns = 37, .batch = 20, .steps = 6, .rule = rule, .variant = variant};
                shape.averaging = averaging;
                shape.rate = .01;
                expect_same_everywhere<float>(shape);
                expect_same_everywhere<double>(shape);
            }
}

TEST(InstructionSets, AgreeOnEveryWidth) {
    for (std::int64_t columns : {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200})
        for (std::int64_t batch : {1, 13}) {
            CaseShape shape{.rows = 26, .columns = columns, .members = 2, .batch = batch, .steps = 5};
            shape.clip_norm = .1;
            expect_same_everywhere<float>(shape);
            expect_same_everywhere<double>(shape);
        }
}

TEST(InstructionSets, AgreeOnTheRowOrder) {
    for (std::int64_t rows : {1, 2, 200, 257, 5000})
        for (Shuffle shuffle : {Shuffle::full, Shuffle::none, Shuffle::replacement}) {
            const EpochOrder order = RowOrder{rows, 3, shuffle}.epoch(4);
            for (const std::int64_t target : targets()) {
                const OnlyTarget only(target);
                std::vector<std::int64_t> filled(static_cast<std::size_t>(rows));
                cpu::fill_rows_loop()(order, 0, rows, filled.data());
                for (std::int64_t i = 0; i < rows; ++i)
                    ASSERT_EQ(filled[i], order(i)) << hwy::TargetName(target) << ", " << rows << " rows, position " << i;
            }
        }
}

TEST(InstructionSets, AgreeOnRowOrdersBeyondTwoToThe32) {
    const EpochOrder order = RowOrder{(std::int64_t{1} << 40) + 12'345, 3, Shuffle::full}.epoch(1);
    for (const std::int64_t target : targets()) {
        const OnlyTarget only(target);
        std::vector<std::int64_t> filled(1000);
        cpu::fill_rows_loop()(order, (std::int64_t{1} << 40) - 500, 1000, filled.data());
        for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(filled[i], order((std::int64_t{1} << 40) - 500 + i)) << hwy::TargetName(target);
    }
}

}  // namespace
}  // namespace glissade::testing
