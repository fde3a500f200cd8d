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
    EXPECT_EQ(row_of(model.load("10,20,9,30\n", false).data, 0), (std::vector<float>{10, 20, 30}));
    EXPECT_EQ(row_of(model.load("10,20,30\n", false).data, 0), (std::vector<float>{10, 20, 30}));
}

TEST(ModelColumns, AreMatchedByPositionWhereOneOfTwoFilesHasAHeader) {
    const Trained named("a,b,y\n1,2,0\n3,4,1\n", raw_options("y")), bare("1,2,0\n3,4,1\n", raw_options("2"));
    EXPECT_EQ(row_of(named.load("5,6,1\n", false, with_header({}, HeaderMode::no)).data, 0), (std::vector<float>{5, 6}));
    EXPECT_EQ(targets_of(named.load("5,6,1\n", true, with_header({}, HeaderMode::no)).data), (std::vector<float>{1}));
    EXPECT_EQ(row_of(bare.load("p,q,r\n5,6,1\n", true, with_header({}, HeaderMode::yes)).data, 0), (std::vector<float>{5, 6}));
}

}  // namespace
}  // namespace glissade
