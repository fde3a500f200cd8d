// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/named.hpp"

#include <gtest/gtest.h>

#include <array>

namespace glissade {
namespace {

TEST(Named, EditDistanceCountsInsertionsDeletionsSubstitutionsAndSwaps) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("adam", "adam"), 0u);
    EXPECT_EQ(edit_distance("", "adam"), 4u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("aadm", "adam"), 1u);
    EXPECT_EQ(edit_distance("adma", "adam"), 1u);
    EXPECT_EQ(edit_distance("saturday", "sunday"), 3u);
}

TEST(Named, NearestNameIgnoresCaseAndUnderscores) {
    constexpr std::array<std::string_view, 4> names = {"squared", "squared_hinge", "logistic", "huber"};
    EXPECT_EQ(nearest_name("Logstic", names), "logistic");
    EXPECT_EQ(nearest_name("SQUAREDHINGE", names), "squared_hinge");
    EXPECT_EQ(nearest_name("hubert", names), "huber");
    EXPECT_EQ(nearest_name("log", names), "logistic");
    EXPECT_EQ(nearest_name("x", std::span<const std::string_view>()), "");
    EXPECT_TRUE(same_name("One-Cycle", "one_cycle"));
    EXPECT_FALSE(same_name("adam", "adamw"));
}

TEST(Named, NumbersAreWrittenSoThatTheyReadBack) {
    EXPECT_EQ(number_text(0.1), "0.1");
    EXPECT_EQ(number_text(1e-4), "1e-04");
    for (const double value : {1.0 / 3, 1.7976931348623157e308, -2.5}) EXPECT_EQ(std::stod(number_text(value)), value);
}

}  // namespace
}  // namespace glissade
