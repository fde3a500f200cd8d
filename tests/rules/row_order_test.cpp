// SPDX-License-Identifier: Apache-2.0
#include "glissade/row_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace glissade {
namespace {

std::vector<std::int64_t> rows_of(std::int64_t n, std::uint64_t seed, std::int64_t epoch, Shuffle shuffle = Shuffle::full) {
    const EpochOrder order = RowOrder{n, seed, shuffle}.epoch(epoch);
    std::vector<std::int64_t> rows;
    for (std::int64_t p = 0; p < n; ++p) rows.push_back(order(p));
    return rows;
}

void expect_permutation(std::int64_t n, std::uint64_t seed, std::int64_t epoch) {
    const EpochOrder order = RowOrder{n, seed, Shuffle::full}.epoch(epoch);
    std::vector<bool> seen(static_cast<std::size_t>(n));
    for (std::int64_t p = 0; p < n; ++p) {
        const std::int64_t row = order(p);
        ASSERT_TRUE(row >= 0 && row < n) << n << " rows, seed " << seed << " epoch " << epoch << " position " << p << " gives " << row;
        ASSERT_FALSE(seen[static_cast<std::size_t>(row)])
            << n << " rows, seed " << seed << " epoch " << epoch << ": row " << row << " comes twice";
        seen[static_cast<std::size_t>(row)] = true;
    }
}

TEST(RowOrder, VisitsEveryRowOncePerEpoch) {
    for (std::int64_t n = 1; n <= 300; ++n)
        for (std::int64_t epoch = 0; epoch < 3; ++epoch) expect_permutation(n, static_cast<std::uint64_t>(n) * 7919, epoch);
    for (const std::int64_t n : {511, 512, 513, 1000, 4096, 65535, 65537, 100003}) expect_permutation(n, 5, 1);
}

TEST(RowOrder, RowsOfAHugeDataSetStayInRangeAndComeApart) {
    for (const std::int64_t n : {std::int64_t(1) << 31, (std::int64_t(1) << 33) + 7, std::int64_t(1) << 40}) {
        const EpochOrder order = RowOrder{n, 3, Shuffle::full}.epoch(0);
        std::vector<std::int64_t> rows;
        for (std::int64_t p = 0; p < 20000; ++p) rows.push_back(order(p * (n / 20000)));
        EXPECT_GE(*std::min_element(rows.begin(), rows.end()), 0);
        EXPECT_LT(*std::max_element(rows.begin(), rows.end()), n);
        std::sort(rows.begin(), rows.end());
        EXPECT_EQ(std::unique(rows.begin(), rows.end()), rows.end()) << n;
    }
}

TEST(RowOrder, IsAPureFunctionOfSeedEpochAndPosition) {
    const auto forward = rows_of(100, 9, 4);
    const EpochOrder order = RowOrder{100, 9, Shuffle::full}.epoch(4);
    for (std::int64_t p = 99; p >= 0; --p) EXPECT_EQ(order(p), forward[static_cast<std::size_t>(p)]);
    EXPECT_NE(rows_of(100, 9, 5), forward);
    EXPECT_NE(rows_of(100, 10, 4), forward);
    EXPECT_EQ(rows_of(100, 9, 4), forward);
}

TEST(RowOrder, FileOrderIsTheIdentity) {
    const auto rows = rows_of(50, 1, 2, Shuffle::none);
    for (std::int64_t p = 0; p < 50; ++p) EXPECT_EQ(rows[static_cast<std::size_t>(p)], p);
}

/// The value that a chi-square variable of `degrees` exceeds with probability 1e-7 (`upper`) or stays below with it (Wilson and Hilferty
/// 1931). With some hundred comparisons in this file and fixed seeds, a right order passes; the seeds were not chosen.
double chi_square_limit(double degrees, bool upper) {
    const double z = upper ? 5.199 : -5.199, c = 2 / (9 * degrees);
    return degrees * std::pow(std::max(0.0, 1 - c + z * std::sqrt(c)), 3);
}

double chi_square(const std::vector<double>& counts) {
    double total = 0, statistic = 0;
    for (const double count : counts) total += count;
    const double expected = total / static_cast<double>(counts.size());
    for (const double count : counts) statistic += (count - expected) * (count - expected) / expected;
    return statistic;
}

void expect_chi_square(double statistic, double degrees, const std::string& label) {
    EXPECT_LE(statistic, chi_square_limit(degrees, true)) << label << ", " << degrees << " degrees of freedom";
    EXPECT_GE(statistic, chi_square_limit(degrees, false)) << label << ", " << degrees << " degrees of freedom: too even";
}

/// Which seeds and epochs a sample goes through: what varies in practice is the epoch under one seed, and the seed from run to run.
struct Walk {
    const char* name;
    bool by_seed, by_epoch;
    std::uint64_t seed(int i) const { return by_seed ? static_cast<std::uint64_t>(i) : 12345; }
    std::int64_t epoch(int i) const { return by_epoch ? i : 0; }
};
constexpr Walk walks[] = {{"epochs", false, true}, {"seeds", true, false}, {"seeds and epochs", true, true}};

std::string label_of(const Walk& walk, std::int64_t n, const char* what) {
    return std::string(what) + " of " + std::to_string(n) + " rows over " + walk.name;
}

TEST(RowOrder, EveryRowIsEquallyLikelyAtEveryPosition) {
    for (const Walk& walk : walks)
        for (const std::int64_t n : {2, 3, 5, 10, 100}) {
            const int samples = n == 100 ? 2000 : 8000;
            std::vector<double> counts(static_cast<std::size_t>(n * n));
            for (int i = 0; i < samples; ++i) {
                const auto rows = rows_of(n, walk.seed(i), walk.epoch(i));
                for (std::int64_t p = 0; p < n; ++p) ++counts[static_cast<std::size_t>(p * n + rows[static_cast<std::size_t>(p)])];
            }
            // Rows and columns of this table have fixed sums: (n-1)/n of the statistic has (n-1)^2 degrees of freedom.
            const double scale = static_cast<double>(n - 1) / static_cast<double>(n);
            expect_chi_square(scale * chi_square(counts), static_cast<double>((n - 1) * (n - 1)), label_of(walk, n, "positions"));
        }
}

TEST(RowOrder, EveryPairOfRowsIsEquallyLikelyAtEveryPairOfPositions) {
    for (const Walk& walk : walks)
        for (const std::int64_t n : {2, 3, 5, 10, 100})
            for (const auto& [first, second] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {n / 2, n - 1}}) {
                if (first == second) continue;
                const int samples = n == 100 ? 60000 : 8000;
                std::map<std::pair<std::int64_t, std::int64_t>, double> seen;
                for (int i = 0; i < samples; ++i) {
                    const EpochOrder order = RowOrder{n, walk.seed(i), Shuffle::full}.epoch(walk.epoch(i));
                    ++seen[{order(first), order(second)}];
                }
                std::vector<double> counts(static_cast<std::size_t>(n * (n - 1)));
                std::size_t cell = 0;
                for (std::int64_t a = 0; a < n; ++a)
                    for (std::int64_t b = 0; b < n; ++b)
                        if (a != b) counts[cell++] = seen[{a, b}];
                expect_chi_square(chi_square(counts), static_cast<double>(counts.size() - 1), label_of(walk, n, "pairs"));
            }
}

TEST(RowOrder, EveryPermutationOfFewRowsIsEquallyLikely) {
    for (const Walk& walk : walks)
        for (const std::int64_t n : {3, 4, 5}) {
            std::map<std::vector<std::int64_t>, double> seen;
            std::vector<std::int64_t> permutation(static_cast<std::size_t>(n));
            for (std::int64_t p = 0; p < n; ++p) permutation[static_cast<std::size_t>(p)] = p;
            do seen[permutation] = 0;
            while (std::next_permutation(permutation.begin(), permutation.end()));
            for (int i = 0; i < 8000; ++i) ++seen.at(rows_of(n, walk.seed(i), walk.epoch(i)));
            std::vector<double> counts;
            for (const auto& [key, count] : seen) counts.push_back(count);
            expect_chi_square(chi_square(counts), static_cast<double>(counts.size() - 1), label_of(walk, n, "permutations"));
        }
}

TEST(RowOrder, NeighboursInTheFileDoNotStayTogether) {
    // The distance between the positions of rows r and r+1, in ten classes of equal probability for a random permutation.
    const std::int64_t n = 1000;
    std::vector<double> counts(10), expected(10);
    for (std::int64_t d = 1; d < n; ++d)
        expected[static_cast<std::size_t>(d * 10 / n)] += 2.0 * static_cast<double>(n - d) / static_cast<double>(n * (n - 1));
    double total = 0;
    for (int i = 0; i < 200; ++i) {
        const auto rows = rows_of(n, 77, i);
        for (std::int64_t p = 0; p + 1 < n; p += 2) {
            const std::int64_t d = std::llabs(rows[static_cast<std::size_t>(p)] - rows[static_cast<std::size_t>(p + 1)]);
            ++counts[static_cast<std::size_t>(d * 10 / n)];
            ++total;
        }
    }
    double statistic = 0;
    for (std::size_t c = 0; c < 10; ++c)
        statistic += (counts[c] - total * expected[c]) * (counts[c] - total * expected[c]) / (total * expected[c]);
    expect_chi_square(statistic, 9, "distances");
}

TEST(RowOrder, ReplacementDrawsEveryRowEquallyLikelyAndIndependently) {
    for (const std::int64_t n : {2, 3, 10, 100}) {
        const EpochOrder order = RowOrder{n, 8, Shuffle::replacement}.epoch(3);
        std::vector<double> single(static_cast<std::size_t>(n)), pairs(static_cast<std::size_t>(n * n));
        for (std::int64_t p = 0; p < 200000; p += 2) {
            const std::int64_t a = order(p), b = order(p + 1);
            ASSERT_TRUE(a >= 0 && a < n && b >= 0 && b < n);
            ++single[static_cast<std::size_t>(a)];
            ++pairs[static_cast<std::size_t>(a * n + b)];
        }
        expect_chi_square(chi_square(single), static_cast<double>(n - 1), "draws of " + std::to_string(n));
        expect_chi_square(chi_square(pairs), static_cast<double>(n * n - 1), "pairs of draws of " + std::to_string(n));
    }
}

TEST(RowOrder, ReplacementOfAHugeDataSetIsTheHighWordOfTheProduct) {
    const std::uint64_t n = (1ull << 45) + 12345;
    const EpochOrder order = RowOrder{static_cast<std::int64_t>(n), 8, Shuffle::replacement}.epoch(0);
    const std::uint64_t key = (static_cast<std::uint64_t>(order.keys[1]) << 32) | order.keys[0];
    for (std::int64_t p = 0; p < 1000; ++p) {
        const std::uint64_t word = Philox::word64(key, static_cast<std::uint64_t>(RandomStream::row_order), static_cast<std::uint64_t>(p));
        __extension__ using Wide = unsigned __int128;
        EXPECT_EQ(order(p), static_cast<std::int64_t>((static_cast<Wide>(word) * n) >> 64));
    }
}

}  // namespace
}  // namespace glissade
