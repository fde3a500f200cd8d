// SPDX-License-Identifier: Apache-2.0
// Which column of a file is which column of a trained model.
#include <gtest/gtest.h>

#include "trained.hpp"

namespace glissade {
namespace {

using testing::raw_options;
using testing::row_of;
using testing::targets_of;
using testing::Trained;
using testing::with_header;

TEST(ModelColumns, AreMatchedByPositionWithoutHeader) {
    const Trained first("0,1,2\n1,3,4\n", raw_options("0")), middle("1,0,2\n3,1,4\n", raw_options("1")),
        last("1,2,0\n3,4,1\n", raw_options("-1"));
    for (const auto& [model, full] : {std::pair(&first, "1,50,60\n"), std::pair(&middle, "50,1,60\n"), std::pair(&last, "50,60,1\n")}) {
        EXPECT_EQ(row_of(model->load(full, true).data, 0), (std::vector<float>{50, 60})) << full;
        EXPECT_EQ(targets_of(model->load(full, true).data), (std::vector<float>{1})) << full;
        EXPECT_EQ(row_of(model->load(full, false).data, 0), (std::vector<float>{50, 60})) << full;
        EXPECT_EQ(row_of(model->load("50,60\n", false).data, 0), (std::vector<float>{50, 60})) << full;
        EXPECT_ERROR(ErrorKind::data, "4 columns; the model was trained on a file of 3 columns, 2 of them features",
                     model->load("1,2,3,4\n", false));
        EXPECT_ERROR(ErrorKind::data, "1 columns", model->load("1\n", false));
    }
}

TEST(ModelColumns, AreMatchedByPositionPastDroppedOnes) {
    LoadOptions options = raw_options("1");
    options.drop_columns = {"3"};
    const Trained model("1,0,2,9,3\n4,1,5,9,6\n", options);
    EXPECT_EQ(row_of(model.load("10,1,20,9,30\n", false).data, 0), (std::vector<float>{10, 20, 30}));
    EXPECT_EQ(row_of(model.load("10,20,30\n", false).data, 0), (std::vector<float>{10, 20, 30}));
    // The target is gone, or the dropped column is: one as good as the other.
    EXPECT_ERROR(ErrorKind::data, "4 columns; the model was trained on a file of 5 columns, 3 of them features",
                 model.load("10,20,9,30\n", false));
}

TEST(ModelColumns, AreThoseBesideANamedTargetWhereTheDroppedOneIsGone) {
    LoadOptions options = raw_options("-1");
    options.drop_columns = {"0"};
    const Trained model("7,1,2,0\n8,4,5,1\n", options);
    for (const char* target : {"-1", "0"}) {
        LoadOptions named;
        named.target = target;
        const std::string text = *target == '0' ? "1,50,60\n" : "50,60,1\n";
        for (const bool with_target : {true, false})
            EXPECT_EQ(row_of(model.load(text, with_target, named).data, 0), (std::vector<float>{50, 60}));
        EXPECT_EQ(targets_of(model.load(text, true, named).data), (std::vector<float>{1}));
        for (const bool with_target : {true, false})
            EXPECT_ERROR(ErrorKind::data, "which columns these are", model.load(text, with_target));
    }
    LoadOptions last;
    last.target = "-1";
    EXPECT_EQ(row_of(model.load("9,50,60,1\n", true, last).data, 0), (std::vector<float>{50, 60})) << "the training file's own layout";
    EXPECT_EQ(row_of(model.load("50,60\n", false, last).data, 0), (std::vector<float>{50, 60})) << "the target may be absent";
}

TEST(ModelColumns, AreThoseBesideANamedTargetWhereTheWeightIsGone) {
    LoadOptions options = raw_options("-1");
    options.weight = "0";
    const Trained model("1,1,2,0\n2,4,5,1\n", options);
    LoadOptions last;
    last.target = "-1";
    EXPECT_EQ(row_of(model.load("50,60,1\n", true, last).data, 0), (std::vector<float>{50, 60}));
    EXPECT_EQ(targets_of(model.load("50,60,1\n", true, last).data), (std::vector<float>{1}));
    EXPECT_EQ(row_of(model.load("3,50,60,1\n", true).data, 0), (std::vector<float>{50, 60}));
    EXPECT_ERROR(ErrorKind::data, "which columns these are", model.load("50,60,1\n", true));
    last.weight = "0";
    const auto weighted = model.load("3,50,60,1\n", true, last);
    EXPECT_EQ(row_of(weighted.data, 0), (std::vector<float>{50, 60}));
    EXPECT_EQ(weighted.data.weights<float>()[0], 3.0f);
}

TEST(ModelColumns, AreNeverTheTarget) {
    LoadOptions options = raw_options("-1");
    options.drop_columns = {"0"};
    const Trained bare("7,1,2,0\n8,4,5,1\n", options), named("a,b,y\n1,2,0\n3,4,1\n", raw_options("y"));
    LoadOptions feature;
    feature.target = "1";
    EXPECT_ERROR(ErrorKind::data, "--target names column \"1\", which the model reads as a feature",
                 bare.load("9,50,60,1\n", true, feature));
    EXPECT_ERROR(ErrorKind::data, "--target names column \"b\", which the model reads as a feature",
                 named.load("a,b,y\n1,0,1\n", true, feature));
    EXPECT_EQ(row_of(named.load("a,b,y\n1,0,1\n", false, feature).data, 0), (std::vector<float>{1, 0})) << "no target is read";
}

TEST(ModelColumns, AreMatchedByPositionWhereOneOfTwoFilesHasAHeader) {
    const Trained named("a,b,y\n1,2,0\n3,4,1\n", raw_options("y")), bare("1,2,0\n3,4,1\n", raw_options("2"));
    EXPECT_EQ(row_of(named.load("5,6,1\n", false, with_header({}, HeaderMode::no)).data, 0), (std::vector<float>{5, 6}));
    EXPECT_EQ(targets_of(named.load("5,6,1\n", true, with_header({}, HeaderMode::no)).data), (std::vector<float>{1}));
    EXPECT_EQ(row_of(bare.load("p,q,r\n5,6,1\n", true, with_header({}, HeaderMode::yes)).data, 0), (std::vector<float>{5, 6}));
}

}  // namespace
}  // namespace glissade
