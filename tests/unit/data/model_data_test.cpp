// SPDX-License-Identifier: Apache-2.0
// Files read for a trained model.
#include <gtest/gtest.h>

#include "trained.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;
using testing::targets_of;
using testing::Trained;

TEST(ModelData, MatchesColumnsByName) {
    const Trained model("a,b,y\n1,2,0\n3,4,1\n", raw_options("y"));
    const auto loaded = model.load("y,spare,b,a\n1,x,20,10\n", true);
    EXPECT_EQ(row_of(loaded.data, 0), (std::vector<float>{10, 20}));
    EXPECT_EQ(targets_of(loaded.data), (std::vector<float>{1}));
    EXPECT_ERROR(ErrorKind::data, "no column \"b\", which the model needs", model.load("a,y\n1,0\n", true));
    EXPECT_ERROR(ErrorKind::usage, "which column is the target?", model.load("a,b\n1,2\n", true));
}

TEST(ModelData, ReadsNoTargetForPrediction) {
    const Trained model("a,b,y\n1,2,no\n3,4,yes\n", raw_options("y"));
    for (const char* text : {"a,b\n5,6\n", "a,b,y\n5,6,never seen\n", "y,b,a\n,6,5\n", "a,b\n5,6"}) {
        const auto loaded = model.load(text, false, raw_options("y"));
        EXPECT_FALSE(loaded.data.has_targets());
        EXPECT_EQ(row_of(loaded.data, 0), (std::vector<float>{5, 6})) << text;
    }
}

TEST(ModelData, StandardisesAsInTraining) {
    LoadOptions options;
    options.target = "y";
    const Trained model("x,y\n1,10.5\n3,30.5\n", options);
    const auto loaded = model.load("x,y\n7,50.5\n", true);
    EXPECT_EQ(row_of(loaded.data, 0), (std::vector<float>{5}));
    EXPECT_EQ(targets_of(loaded.data), (std::vector<float>{3}));
}

TEST(ModelData, RefusesLabelsNotSeenInTraining) {
    const Trained words("x,y\n1,no\n2,yes\n", raw_options("y")), numbers("x,y\n1,+1\n2,-1\n", raw_options("y"));
    EXPECT_ERROR(ErrorKind::data, "line 3, column 2 (\"y\"): the label \"maybe\" was not seen in training (classes: no, yes)",
                 words.load("x,y\n1,yes\n2,maybe\n", true));
    EXPECT_ERROR(ErrorKind::data, "line 2, column 2 (\"y\"): the label \"2\" was not seen in training (classes: -1, +1)",
                 numbers.load("x,y\n1,2\n", true));
    EXPECT_EQ(targets_of(numbers.load("x,y\n1,1\n2,-1.0\n3,+1\n", true).data), (std::vector<float>{1, 0, 1}));
    LoadOptions options;
    options.map_label = {{"maybe", "no"}};
    EXPECT_EQ(targets_of(words.load("x,y\n1,yes\n2,maybe\n", true, options).data), (std::vector<float>{1, 0}));
}

TEST(ModelData, CountsOrRefusesUnknownCategories) {
    const Trained model("x,c,y\n1,p,0\n2,q,1\n", raw_options("y"));
    const auto loaded = model.load("x,c,y\n1,z,0\n2,q,1\n3,zz,1\n", true);
    EXPECT_EQ(row_of(loaded.data, 0), (std::vector<float>{1, 0, 0}));
    ASSERT_EQ(loaded.notes.size(), 1u);
    EXPECT_NE(loaded.notes[0].find("2 cells of column \"c\""), std::string::npos) << loaded.notes[0];
    LoadOptions options;
    options.unknown = UnknownPolicy::error;
    EXPECT_ERROR(ErrorKind::data, "line 2, column 2 (\"c\"): the category \"z\" was not seen in training",
                 model.load("x,c,y\n1,z,0\n2,q,1\n", true, options));
}

TEST(ModelData, ReadsWordsWhereTheModelHasNumbersAsErrors) {
    const Trained model("x,y\n1,0\n2,1\n", raw_options("y"));
    EXPECT_ERROR(ErrorKind::data, "line 2, column 1: \"p\" is not a number", model.load("x,y\np,0\nq,1\nr,1\n", true));
}

TEST(ModelData, ReadsNumbersWhereTheModelHasCategoriesAsCategories) {
    const Trained model("x,c,y\n1,p,0\n2,q,1\n", raw_options("y"));
    EXPECT_EQ(row_of(model.load("x,c,y\n1,7,0\n", true).data, 0), (std::vector<float>{1, 0, 0}));
}

TEST(ModelData, FillsMissingCellsAsInTraining) {
    LoadOptions options = raw_options("y");
    const std::string text = "x,c,y\n1,p,0\n3,q,1\n,q,1\n";
    const std::string other = "x,c,y\n,p,0\n5,,1\n";
    options.missing = MissingPolicy::indicator;
    EXPECT_EQ(row_of(Trained(text, options).load(other, true).data, 0), (std::vector<float>{2, 1, 1, 0}));
    EXPECT_EQ(row_of(Trained(text, options).load(other, true).data, 1), (std::vector<float>{5, 0, 0, 0}));  // "?" was not a category
    options.missing = MissingPolicy::mean;
    EXPECT_EQ(row_of(Trained(text, options).load(other, true).data, 1), (std::vector<float>{5, 0, 1}));
    options.missing = MissingPolicy::drop;
    const Trained dropping(text, options);
    EXPECT_EQ(dropping.load(other + "7,p,1\n", true).data.rows(), 1);
    EXPECT_ERROR(ErrorKind::data, "2 rows with missing cells would get no prediction", dropping.load(other + "7,p,1\n", false));
    LoadOptions fill;
    fill.missing = MissingPolicy::mean;
    EXPECT_EQ(row_of(dropping.load(other, false, fill).data, 0), (std::vector<float>{2, 1, 0}));
    const Trained strict("x,c,y\n1,p,0\n3,q,1\n", raw_options("y"));
    EXPECT_ERROR(ErrorKind::data, "a missing cell, the first of 2", strict.load(other, true));
}

TEST(ModelData, TakesTheModelsNaWordsAndLabels) {
    LoadOptions options = raw_options("y");
    options.na_values = {"?"};
    options.missing = MissingPolicy::mean;
    options.map_label = {{"n", "no"}};
    const Trained model("x,y\n1,no\n3,yes\n", options);
    const auto loaded = model.load("x,y\n?,n\n", true);
    EXPECT_EQ(row_of(loaded.data, 0), (std::vector<float>{2}));
    EXPECT_EQ(targets_of(loaded.data), (std::vector<float>{0}));
}

TEST(ModelData, ReadsTablesForAModelOfAPlainMatrixAndArraysForAModelOfATable) {
    const DataFiles files;
    LoadOptions options;
    options.standardize = Toggle::off;
    options.target_file = files.write("y.csv", "0\n1\n");
    const std::string array = files.write("x.npy", testing::npy_of("<f4", "(2, 2)", testing::bytes_of<float>({1, 2, 3, 4})));
    const auto matrix_model = load_training(array, options);
    const auto table = load_for_model(files.write("x.csv", "p,q\n5,6\n"), {}, matrix_model.contract, false);
    EXPECT_EQ(row_of(table.data, 0), (std::vector<float>{5, 6}));
    EXPECT_ERROR(ErrorKind::data, "3 feature columns, the model has 2",
                 load_for_model(files.write("x.csv", "5,6,7\n"), {}, matrix_model.contract, false));
    const auto table_model = load_training(files.write("t.csv", "a,b,y\n1,2,0\n3,4,1\n"), raw_options("y"));
    EXPECT_EQ(row_of(load_for_model(array, {}, table_model.contract, false).data, 1), (std::vector<float>{3, 4}));
    EXPECT_ERROR(ErrorKind::data, "is libsvm", load_for_model(files.write("x.libsvm", "1 1:2\n"), {}, table_model.contract, false));
}

}  // namespace
}  // namespace glissade
