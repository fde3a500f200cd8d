// SPDX-License-Identifier: Apache-2.0
// How text files are laid out that are read for a trained model: header, delimiter, and which column is which.
#include <gtest/gtest.h>

#include "trained.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;
using testing::Trained;
using testing::with_header;

TEST(ModelLayout, TakesTheFirstLineForARowWhereTheModelsFileHadNoHeader) {
    const std::string words = "edible,red,flat\npoison,green,flat\nedible,green,bell\n";
    const Trained model(words, with_header(raw_options("0"), HeaderMode::no));
    ASSERT_EQ(model.data.train.rows(), 3);
    for (const bool with_target : {true, false}) EXPECT_EQ(model.load(words, with_target).data.rows(), 3);
    EXPECT_EQ(model.load(words, true, with_header({}, HeaderMode::yes)).data.rows(), 2) << "the flag is obeyed";
}

TEST(ModelLayout, KnowsAHeaderOfNumbersByItsNames) {
    const std::string years = "1990,1991,1992\n1,2,3.5\n2,3,4.5\n5,4,1.5\n";
    const Trained model(years, with_header(raw_options("1992"), HeaderMode::yes));
    for (const bool with_target : {true, false}) EXPECT_EQ(model.load(years, with_target).data.rows(), 3);
    EXPECT_EQ(row_of(model.load("1991,1990\n2,1\n", false).data, 0), (std::vector<float>{1, 2})) << "matched by name";
}

TEST(ModelLayout, RefusesAFirstLineThatIsNeitherTheHeaderNorSaidToBeARow) {
    const Trained model("a,b,y\n1,2,0\n3,4,1\n", raw_options("y"));
    EXPECT_ERROR(ErrorKind::data, "line 1, column 1: the line does not name the columns that the model reads (\"a\", \"b\")",
                 model.load("5,6,1\n7,8,1\n", false));
    EXPECT_ERROR(ErrorKind::data, "--header no", model.load("5,6,1\n7,8,1\n", false));
    EXPECT_EQ(model.load("5,6,1\n7,8,1\n", false, with_header({}, HeaderMode::no)).data.rows(), 2);
}

TEST(ModelLayout, SaysWhatAHeaderNeedsWhereTheModelsFileHadNone) {
    const Trained model("1,2,0\n3,4,1\n", raw_options("2"));
    EXPECT_ERROR(ErrorKind::data, "line 1, column 1: \"p\" is not a number", model.load("p,q,r\n5,6,1\n", true));
    EXPECT_ERROR(ErrorKind::data, "--header yes", model.load("p,q,r\n5,6,1\n", true));
    EXPECT_EQ(row_of(model.load("p,q,r\n5,6,1\n", true, with_header({}, HeaderMode::yes)).data, 0), (std::vector<float>{5, 6}));
    LoadOptions gaps;
    gaps.na_values = {"unknown"};
    gaps.missing = MissingPolicy::mean;
    EXPECT_EQ(model.load("unknown,6,1\n5,6,1\n", true, gaps).data.rows(), 2) << "a word that means: missing";
}

TEST(ModelLayout, TakesTheDelimiterOfTheTrainingFile) {
    LoadOptions options = raw_options("y");
    options.delimiter = '|';
    const std::string text = "a|b|y\n1|2|0\n3|4|1\n";
    const Trained model(text, options);
    EXPECT_EQ(row_of(model.load(text, true).data, 1), (std::vector<float>{3, 4}));
    options = with_header(raw_options("-1"), HeaderMode::no);
    options.delimiter = '|';
    const Trained bare("1|2|0\n3|4|1\n", options);
    EXPECT_EQ(row_of(bare.load("5|6|0\n", false).data, 0), (std::vector<float>{5, 6}));
}

TEST(ModelLayout, FindsAnotherDelimiterWhereTheTrainingFilesDoesNotFit) {
    const Trained named("a,b,y\n1,2,0\n3,4,1\n", raw_options("y")), bare("1,2,0\n3,4,1\n", raw_options("2"));
    for (const char* text : {"a\tb\n5\t6\n", "a;b\n5;6\n", "a b\n5 6\n"})
        EXPECT_EQ(row_of(named.load(text, false).data, 0), (std::vector<float>{5, 6})) << text;
    for (const char* text : {"5\t6\n", "5;6\n", "5 6\n"})
        EXPECT_EQ(row_of(bare.load(text, false).data, 0), (std::vector<float>{5, 6})) << text;
}

TEST(ModelLayout, ReadsAValidationFileAsTheTrainingFileWasRead) {
    const DataFiles files;
    // As the file itself says it, its header is a row of numbers and its delimiter a comma; the training file says otherwise.
    const std::string years = "1990|1991|1992\n1|2|0\n2|3|1\n5|4|1\n";
    LoadOptions options = raw_options("1992");
    options.delimiter = '|';
    options.header = HeaderMode::yes;
    options.validation_file = files.write("valid.csv", years);
    EXPECT_EQ(load_training(files.write("train.csv", years), options).validation->rows(), 3);
    // Words alone, all different: by itself the first line would pass for names.
    options = raw_options("0");
    options.validation_file = files.write("words.csv", "p,x\nq,z\n");
    EXPECT_EQ(load_training(files.write("train.csv", "x,x\np,z\nq,x\n"), options).validation->rows(), 2);
}

}  // namespace
}  // namespace glissade
