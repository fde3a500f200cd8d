// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/program.hpp"

/// The advice at the end of runs on real data: given where the run was too short, and only there.
namespace glissade::test {
namespace {

struct RealRun {
    std::string name;
    Workplace::Words words;
};

std::string advice_after(const Workplace::Words& data, const Workplace::Words& more) {
    Workplace place;
    Workplace::Words words = {"train"};
    words.insert(words.end(), data.begin(), data.end());
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--json", "--quiet"});
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.json()["advice"];
}

class RealAdvice : public testing::TestWithParam<RealRun> {};

TEST_P(RealAdvice, IsNotGivenAfterARunThatHasConverged) {
    for (const char* epochs : {"10", "20", "40"}) EXPECT_EQ(advice_after(GetParam().words, {"--epochs", epochs}), "") << epochs;
}

TEST_P(RealAdvice, IsGivenAfterARunThatWasTooShort) {
    for (const Workplace::Words& more : {Workplace::Words{"--epochs", "2"}, Workplace::Words{"--batch-size", "full"}}) {
        const std::string advice = advice_after(GetParam().words, more);
        EXPECT_NE(advice.find("the loss still fell"), std::string::npos) << more.back() << ": " << advice;
    }
}

INSTANTIATE_TEST_SUITE_P(
    On, RealAdvice,
    testing::Values(RealRun{"A9a", {data_file("a9a/a9a")}}, RealRun{"Higgs", {data_file("higgs_sample/binary.train"), "--target", "0"}},
                    RealRun{"Adult", {data_file("adult/adult.data"), "--target", "-1", "--na", "?", "--missing", "indicator"}},
                    RealRun{"Housing",
                            {data_file("california_housing/housing.csv"), "--target", "median_house_value", "--missing", "drop"}}),
    [](const auto& use) { return use.param.name; });

TEST(Advice, ComesUnderTheDefaultScheduleWhereAirfoilsHadTooFewEpochs) {
    const Workplace::Words airfoil = {data_file("airfoil/airfoil_self_noise.dat"), "--target", "-1"};
    EXPECT_NE(advice_after(airfoil, {"--epochs", "10"}).find("of 10 epochs: raise the number of epochs or the learning rate"),
              std::string::npos);
    EXPECT_EQ(advice_after(airfoil, {"--epochs", "80"}), "");
}

/// The validation losses of these runs differ by less than one part in a thousand from the sixth epoch on.
TEST(Advice, OfAnEarlyBestEpochIsNotGivenForADifferenceThatMeansNothing) {
    const Workplace::Words adult = {data_file("adult/adult.data"), "--target", "-1", "--na", "?", "--missing", "indicator"};
    for (const char* seed : {"0", "1", "2"})
        EXPECT_EQ(advice_after(adult, {"--validation-fraction", "0.2", "--lr", "0.1", "--seed", seed}), "") << seed;
}

TEST(Advice, IsALowerRateWhereLossesEndFarAboveThatOfNoModel) {
    const std::string advice = advice_after({data_file("a9a/a9a")}, {"--lr", "1e10", "--epochs", "5"});
    EXPECT_NE(advice.find("lower the learning rate"), std::string::npos) << advice;
}

}  // namespace
}  // namespace glissade::test
