// SPDX-License-Identifier: Apache-2.0
// Missing cells: dropped, filled, told apart or refused.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "data_files.hpp"
#include "host/data/load.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;

using Labels = std::vector<std::string>;

TEST(Load, DoesWithMissingCellsWhatItIsTold) {
    const DataFiles files;
    const std::string path = files.write("t.csv", "n,word,full,y\n1,a,5,0\n,b,6,1\n3,,7,0\n?,b,8,1\n8,b,9,1\n");
    LoadOptions options = raw_options("y");
    options.na_values = {"?"};
    EXPECT_ERROR(ErrorKind::data, "line 3, column 1 (\"n\"): a missing cell, the first of 3 (2 in column \"n\", 1 in column \"word\")",
                 load_training(path, options));
    EXPECT_ERROR(ErrorKind::data, "--missing drop, mean or indicator", load_training(path, options));
    options.missing = MissingPolicy::drop;
    auto data = load_training(path, options);
    EXPECT_EQ(data.train.rows(), 2);
    EXPECT_EQ(row_of(data.train, 0), (std::vector<float>{1, 1, 0, 5}));
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{8, 0, 1, 9}));
    options.missing = MissingPolicy::mean;
    data = load_training(path, options);
    EXPECT_EQ(data.train.feature_names, (Labels{"n", "word=a", "word=b", "full"}));
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{4, 0, 1, 6}));  // the mean of 1, 3, 8
    EXPECT_EQ(row_of(data.train, 2), (std::vector<float>{3, 0, 1, 7}));  // b is commonest
    options.missing = MissingPolicy::indicator;
    data = load_training(path, options);
    EXPECT_EQ(data.train.feature_names, (Labels{"n", "n missing", "word=?", "word=a", "word=b", "full"}));
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{4, 1, 0, 0, 1, 6}));
    EXPECT_EQ(row_of(data.train, 2), (std::vector<float>{3, 0, 1, 0, 0, 7}));
}

// Under UndefinedBehaviorSanitizer: the fill of a column of numbers is no category.
TEST(Load, FillsNumbersBeyondAnyIntegerWithTheirMean) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    options.standardize = Toggle::off;
    options.missing = MissingPolicy::mean;
    const std::string path = files.write("x.csv", "n,word,y\n1e30,a,1\n3e30,b,2\n,a,3\n");
    EXPECT_EQ(row_of(load_training(path, options).train, 2), (std::vector<float>{2e30F, 1, 0}));
}

TEST(Load, TreatsNanInArraysAsMissingWhenTold) {
    const DataFiles files;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::string path = files.write("x.npy", testing::npy_of("<f4", "(3, 2)", testing::bytes_of<float>({1, nan, 3, 4, 5, 6})));
    LoadOptions options;
    options.standardize = Toggle::off;
    options.target_file = files.write("y.csv", "0\n1\n0\n");
    EXPECT_ERROR(ErrorKind::data, "row 0, column 1", load_training(path, options));
    options.missing = MissingPolicy::drop;
    EXPECT_EQ(load_training(path, options).train.rows(), 2);
    options.missing = MissingPolicy::indicator;
    EXPECT_EQ(row_of(load_training(path, options).train, 0), (std::vector<float>{1, 5, 1}));
}

TEST(Load, NeverFillsMissingTargetsOrWeights) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.weight = "w";
    for (const auto policy : {MissingPolicy::error, MissingPolicy::mean, MissingPolicy::indicator}) {
        options.missing = policy;
        EXPECT_ERROR(ErrorKind::data, "line 3, column 2 (\"y\"): the target is missing",
                     load_training(files.write("t.csv", "x,y,w\n1,0,1\n2,,1\n3,1,1\n"), options));
        EXPECT_ERROR(ErrorKind::data, "line 4, column 3 (\"w\"): the weight is missing",
                     load_training(files.write("t.csv", "x,y,w\n1,0,1\n2,0,1\n3,1,\n"), options));
    }
    options.missing = MissingPolicy::drop;
    EXPECT_EQ(load_training(files.write("t.csv", "x,y,w\n1,0,1\n2,,1\n3,1,1\n4,1,\n"), options).train.rows(), 2);
    EXPECT_ERROR(ErrorKind::data, "all weights are 0", load_training(files.write("t.csv", "x,y,w\n1,0,0\n2,1,0\n"), options));
    EXPECT_ERROR(ErrorKind::data, "leaves none", load_training(files.write("t.csv", "x,y,w\n1,,0\n2,1,\n"), options));
}

TEST(Load, AColumnOfWordsMayBeginWithAMissingTargetOrWeight) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.task = Task::regression;
    for (const auto policy : {MissingPolicy::error, MissingPolicy::mean}) {
        options.missing = policy;
        EXPECT_ERROR(ErrorKind::data, "line 2, column 2 (\"y\"): the target is missing",
                     load_training(files.write("t.csv", "x,y\n1,\n2,a\n3,b\n"), options));
    }
    options.weight = "w";
    EXPECT_ERROR(ErrorKind::data, "line 3, column 3: \"a\" is not a number",
                 load_training(files.write("t.csv", "x,y,w\n1,0,\n2,1,a\n3,2,b\n"), options));
}

TEST(Load, RefusesAColumnWithoutValues) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.missing = MissingPolicy::mean;
    EXPECT_ERROR(ErrorKind::data, "column \"void\" has no values", load_training(files.write("t.csv", "x,void,y\n1,,0\n2,,1\n"), options));
}

}  // namespace
}  // namespace glissade
