// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/end_to_end/real_data.hpp"

/// What the program is held to on real data with no option but the data, its target, the loss and the epochs. The limits are those of
/// docs/command-line.md.
namespace glissade::test {
namespace {

TEST(RealData, LogisticRegressionOnA9aIsAsGoodAsConverged) {
    Workplace place;
    const auto scores = scores_after(place, {data_file("a9a/a9a"), "--loss", "logistic", "--epochs", "20"}, {data_file("a9a/a9a.t")});
    EXPECT_EQ(scores["rows"], 16281);
    EXPECT_LE(scores["log_loss"], .3260);
    EXPECT_GE(scores["accuracy"], .848);
}

TEST(RealData, LogisticRegressionOnTheHiggsSampleIsAsGoodAsConverged) {
    Workplace place;
    const auto scores =
        scores_after(place, {data_file("higgs_sample/binary.train"), "--target", "0", "--loss", "logistic", "--epochs", "20"},
                     {data_file("higgs_sample/binary.test")});
    EXPECT_EQ(scores["rows"], 500);
    EXPECT_LE(scores["log_loss"], .633);
}

class Adult : public testing::TestWithParam<const char*> {};

TEST_P(Adult, FromTheRawTableIsAsGoodAsEncodedByHand) {
    Workplace place;
    const auto scores = scores_after(place, {data_file("adult/adult.data"), "--target", "-1", "--na", "?", "--missing", GetParam()},
                                     {data_file("adult/adult-test.csv"), "--map-label", "<=50K.=<=50K", "--map-label", ">50K.=>50K"});
    EXPECT_GE(scores["accuracy"], .845);
}

INSTANTIATE_TEST_SUITE_P(Missing, Adult, testing::Values("indicator", "drop"), [](const auto& use) { return std::string(use.param); });

TEST(RealData, LeastSquaresOnHousesReachesTheClosedForm) {
    Workplace place;
    split_housing(place);
    const auto scores = scores_after(
        place, {"train.csv", "--target", "median_house_value", "--drop-columns", "ocean_proximity", "--loss", "squared"}, {"test.csv"});
    EXPECT_GE(scores["r2"], .635);
}

TEST(RealData, TheTextColumnOfHousesHelps) {
    Workplace place;
    split_housing(place);
    const auto scores = scores_after(place, {"train.csv", "--target", "median_house_value", "--loss", "squared"}, {"test.csv"});
    EXPECT_GE(scores["r2"], .645);
    EXPECT_GT(scores["rmse"], 10000) << "errors are in the target's own units";
}

/// What a model of clothes scores on the test images.
nlohmann::json scores_on_fashion(const std::string& loss, const std::string& epochs) {
    Workplace place;
    return scores_after(place,
                        {fashion_file("train-images-idx3-ubyte"), "--target-file", fashion_file("train-labels-idx1-ubyte"), "--loss", loss,
                         "--epochs", epochs},
                        {fashion_file("t10k-images-idx3-ubyte"), "--target-file", fashion_file("t10k-labels-idx1-ubyte")});
}

TEST(RealData, SoftmaxRegressionOnFashionImagesIsAsGoodAsElsewhere) {
    if (!std::filesystem::exists(fashion)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
    const auto scores = scores_on_fashion("softmax", "10");
    EXPECT_EQ(scores["rows"], 10000);
    EXPECT_GE(scores["accuracy"], .838);
}

TEST(RealData, LinearMachinesOfEachKindOfClothesAgainstTheRestAreAsGoodAsElsewhere) {
    if (!std::filesystem::exists(fashion)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
    const auto scores = scores_on_fashion("hinge", "10");
    EXPECT_EQ(scores["rows"], 10000);
    EXPECT_GE(scores["accuracy"], .84);
}

}  // namespace
}  // namespace glissade::test
