// SPDX-License-Identifier: Apache-2.0
#include "host/train/data_checks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/error_of.hpp"

namespace glissade::data_checks_test {
namespace {

using testing::error_of;

/// Rows of ones, with another number in the gaps between them, which nobody may judge by.
template <class Real>
struct Rows {
    std::int64_t rows, columns, gap;
    std::vector<Real> values;

    Rows(std::int64_t rows_in, std::int64_t columns_in, std::int64_t gap_in = 0, Real between = 0)
        : rows(rows_in), columns(columns_in), gap(gap_in) {
        for (std::int64_t i = 0; i < rows * (columns + gap); ++i) values.push_back(i % (columns + gap) < columns ? Real(1) : between);
    }
    Real& at(std::int64_t row, std::int64_t column) { return values[static_cast<std::size_t>(row * (columns + gap) + column)]; }
    std::string check() const {
        const auto error = error_of([&] { check_features(MatrixView<const Real>{values.data(), rows, columns, columns + gap}, "x"); });
        return error ? error->what() : "";
    }
};

std::string words(std::int64_t row, std::int64_t column) {
    return "x, row " + std::to_string(row + 1) + ", column " + std::to_string(column + 1) + ": the value is not finite";
}

template <class Real>
void expect_bad_values_named(std::int64_t rows, std::int64_t columns, std::int64_t gap, Real between) {
    using Limits = std::numeric_limits<Real>;
    Rows<Real> x(rows, columns, gap, between);
    EXPECT_EQ(x.check(), "") << rows << " x " << columns << ", gap " << gap;
    int turn = 0;
    for (const std::int64_t row : {std::int64_t{0}, rows / 2, rows - 1})
        for (const std::int64_t column : {std::int64_t{0}, columns / 2, columns - 1}) {
            const Real bad[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), -Limits::quiet_NaN()};
            x.at(row, column) = bad[turn++ % 4];
            EXPECT_EQ(x.check(), words(row, column)) << rows << " x " << columns << ", gap " << gap;
            x.at(row, column) = Real(1);
        }
}

TEST(Features, ThatAreNotFiniteAreNamedWhereverTheyStand) {
    for (const std::int64_t rows : {1, 2, 146, 147, 300})
        for (const std::int64_t columns : {1, 28, 63, 64, 65, 4097})
            for (const std::int64_t gap : {0, 3}) {
                expect_bad_values_named<float>(rows, columns, gap, 0);
                expect_bad_values_named<double>(rows, columns, gap, std::numeric_limits<double>::quiet_NaN());
            }
}

TEST(Features, AreNamedByTheFirstRowThatIsNotFinite) {
    Rows<float> x(300000, 28);  // several threads
    for (const std::int64_t row : {299999, 150001, 8}) {
        x.at(row, 5) = std::numeric_limits<float>::infinity();
        EXPECT_EQ(x.check(), words(row, 5));
    }
}

template <class Real>
void expect_extremes_taken() {
    using Limits = std::numeric_limits<Real>;
    Rows<Real> x(100, 5);
    for (std::int64_t r = 0; r < x.rows; ++r) {
        const Real row[] = {Limits::max(), Limits::lowest(), Limits::denorm_min(), Real(-0.0), -Limits::min()};
        for (std::int64_t j = 0; j < x.columns; ++j) x.at(r, j) = row[j];
    }
    EXPECT_EQ(x.check(), "");
}

TEST(Features, MayBeAsLargeAndAsSmallAsNumbersAre) {
    expect_extremes_taken<float>();
    expect_extremes_taken<double>();
}

TEST(ClassIndex, IsAWholeNumberFromZeroToBelowTheCount) {
    for (const double y : {0.0, -0.0, 1.0, 2.0}) EXPECT_TRUE(is_class_index(y, 3)) << y;
    for (const double y :
         {3.0, -1.0, .5, 2.5, -.5, 1e300, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        EXPECT_FALSE(is_class_index(y, 3)) << y;
}

}  // namespace
}  // namespace glissade::data_checks_test
