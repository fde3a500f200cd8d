// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/end_to_end/real_data.hpp"

/// What networks are held to on real data; the limits are those of docs/command-line.md.
namespace glissade::test {
namespace {

nlohmann::json network_on_fashion(const Workplace::Words& settings) {
    Workplace place;
    Workplace::Words words = {fashion_file("train-images-idx3-ubyte"), "--target-file", fashion_file("train-labels-idx1-ubyte"), "--hidden",
                              "256,128"};
    words.insert(words.end(), settings.begin(), settings.end());
    return scores_after(place, words, {fashion_file("t10k-images-idx3-ubyte"), "--target-file", fashion_file("t10k-labels-idx1-ubyte")});
}

TEST(NetworkData, TwoHiddenLayersKnowClothesBetterThanALinearModel) {
    if (!std::filesystem::exists(fashion)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
    EXPECT_GE(network_on_fashion({"--batch-size", "256", "--epochs", "10"})["accuracy"], .878);
}

TEST(NetworkData, TheRecipeForClothesHolds) {
    if (!std::filesystem::exists(fashion)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
    EXPECT_GE(network_on_fashion({"--epochs", "20", "--batch-size", "128", "--dropout", "0.2", "--label-smoothing", "0.1"})["accuracy"],
              .895);
}

TEST(NetworkData, PricesOfHousesAreNotLinear) {
    Workplace place;
    split_housing(place);
    const auto scores = scores_after(
        place, {"train.csv", "--target", "median_house_value", "--hidden", "64,64", "--batch-size", "64", "--epochs", "60"}, {"test.csv"});
    EXPECT_GE(scores["r2"], .78);
}

TEST(NetworkData, IncomesFromTheRawTable) {
    Workplace place;
    const auto scores = scores_after(
        place, {data_file("adult/adult.data"), "--target", "-1", "--na", "?", "--missing", "indicator", "--hidden", "64", "--epochs", "10"},
        {data_file("adult/adult-test.csv"), "--map-label", "<=50K.=<=50K", "--map-label", ">50K.=>50K"});
    EXPECT_GE(scores["accuracy"], .852);
}

}  // namespace
}  // namespace glissade::test
