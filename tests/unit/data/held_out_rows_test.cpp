// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "data_files.hpp"
#include "host/data/load.hpp"
#include "host/data/split.hpp"

/// Rows that a run does not train on: a part of the file, or a file of their own.
namespace glissade {
namespace {

using testing::DataFiles;
using testing::row_of;
using testing::targets_of;

TEST(HeldOutRows, AreExactlyTheFractionAskedFor) {
    for (const std::int64_t count : {2, 3, 10, 999, 1000}) {
        std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
        std::iota(rows.begin(), rows.end(), 0);
        for (const double fraction : {0.1, 0.25, 0.5, 0.9}) {
            const auto held_out = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
            if (held_out == 0 || held_out == rows.size()) {
                EXPECT_ERROR(ErrorKind::usage, "--validation-fraction", split_rows_by_seed(rows, fraction, 1));
                continue;
            }
            const RowSplit split = split_rows_by_seed(rows, fraction, 1);
            EXPECT_EQ(split.validation.size(), held_out);
            EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
            std::set<std::int64_t> all(split.train.begin(), split.train.end());
            all.insert(split.validation.begin(), split.validation.end());
            EXPECT_EQ(all.size(), rows.size());
            EXPECT_EQ(split_rows_by_seed(rows, fraction, 1).validation, split.validation);
            if (count == 1000) {
                EXPECT_NE(split_rows_by_seed(rows, fraction, 2).validation, split.validation);
            }
        }
    }
    EXPECT_ERROR(ErrorKind::usage, "--validation-fraction", split_rows_by_seed(std::vector<std::int64_t>{1, 2}, 1.5, 0));
}

TEST(HeldOutRows, AreEachEquallyOften) {
    constexpr std::int64_t count = 50, seeds = 2000;
    std::vector<std::int64_t> rows(count), hits(count);
    std::iota(rows.begin(), rows.end(), 0);
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        for (const std::int64_t row : split_rows_by_seed(rows, 0.2, seed).validation) ++hits[static_cast<std::size_t>(row)];
    }
    // Binomial(2000, .2): five standard deviations.
    const double bound = 5 * std::sqrt(seeds * 0.2 * 0.8);
    for (const std::int64_t hit : hits) EXPECT_LE(std::abs(static_cast<double>(hit) - seeds * 0.2), bound);
}

TEST(HeldOutRows, OfAFileAreReadWithTheTrainingFilesPreparation) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    options.validation_file = files.write("v.csv", "word,y,x,extra\nq,1,5,9\nnew,0,1,9\n");
    const auto data = load_training(files.write("t.csv", "x,word,y\n1,p,0\n3,q,1\n"), options);
    EXPECT_EQ(row_of(*data.validation, 0), (std::vector<float>{3, 0, 1}));
    EXPECT_EQ(row_of(*data.validation, 1), (std::vector<float>{-1, 0, 0}));
    EXPECT_EQ(targets_of(*data.validation), (std::vector<float>{1, 0}));
    bool noted = false;
    for (const std::string& note : data.notes)
        noted = noted || note.find("1 cells of column \"word\" hold categories not seen") != std::string::npos;
    EXPECT_TRUE(noted);
    options.validation_fraction = 0.5;
    EXPECT_ERROR(ErrorKind::usage, "--validation and --validation-fraction", load_training(files.path("t.csv"), options));
}

}  // namespace
}  // namespace glissade
