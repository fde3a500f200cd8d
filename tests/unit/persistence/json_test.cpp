// SPDX-License-Identifier: Apache-2.0
#include "host/train/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace glissade {
namespace {

/// Whether another implementation takes the text for UTF-8.
bool others_take(const std::string& text) {
    try {
        return !nlohmann::json(text).dump().empty();
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

TEST(Json, WritesWhatAnotherImplementationReads) {
    const Json value = Json::object({{"text", "a \"quoted\" \\ \b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x8f\x82"},
                                     {"whole", -7},
                                     {"largest", std::numeric_limits<std::uint64_t>::max()},
                                     {"real", .1},
                                     {"flags", Json::Array{true, false, Json()}},
                                     {"names", std::vector<std::string>{"x", ""}},
                                     {"nothing", Json::Array()},
                                     {"inside", Json::object({{"", Json::object({})}})}});
    const nlohmann::json wanted = {{"text", "a \"quoted\" \\ \b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x8f\x82"},
                                   {"whole", -7},
                                   {"largest", std::numeric_limits<std::uint64_t>::max()},
                                   {"real", .1},
                                   {"flags", {true, false, nullptr}},
                                   {"names", {"x", ""}},
                                   {"nothing", nlohmann::json::array()},
                                   {"inside", {{"", nlohmann::json::object()}}}};
    EXPECT_EQ(nlohmann::json::parse(value.dump()), wanted);
    EXPECT_EQ(Json::parse(value.dump()).dump(), value.dump());
    EXPECT_EQ(Json::parse(wanted.dump()).at("text").text(), value.at("text").text());
}

TEST(Json, KeepsEveryBitOfANumber) {
    for (const double value : {0.0, -0.0, 1.0, -2.5, .1, 1e-8, 1e22, 1e300, 5e-324, 0x1.fffffffffffffp1023, 1.0 / 3}) {
        const std::string text = Json(value).dump();
        const Json back = Json::parse(text);
        EXPECT_EQ(std::bit_cast<std::uint64_t>(back.number()), std::bit_cast<std::uint64_t>(value)) << text;
        EXPECT_THROW(back.integer(), JsonError) << text << " is a real";
    }
    for (const std::int64_t value : {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
        EXPECT_EQ(Json::parse(Json(value).dump()).integer(), value);
    EXPECT_EQ(Json(std::nan("")).dump(), "null");
    EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, SaysWhatItExpectedInstead) {
    const Json value = Json::parse(R"({"a": [1, 2.5, "x"], "b": {"c": null}, "d": true})");
    EXPECT_EQ(value.at("a").array()[1].number(), 2.5);
    EXPECT_EQ(value.at("a").array()[0].number(), 1);
    EXPECT_TRUE(value.at("b").at("c").is_null());
    EXPECT_TRUE(value.at("d").boolean());
    EXPECT_EQ(value.find("e"), nullptr);
    EXPECT_THROW(value.at("e"), JsonError);
    EXPECT_THROW(value.at("a").at("b"), JsonError);
    EXPECT_THROW(value.at("a").text(), JsonError);
    EXPECT_THROW(value.at("a").texts(), JsonError);
    EXPECT_THROW(value.at("d").integer(), JsonError);
    EXPECT_THROW(value.at("d").number(), JsonError);
    EXPECT_THROW(value.array(), JsonError);
    EXPECT_THROW(Json::parse("18446744073709551615").integer(), JsonError);
}

TEST(Json, ReadsOneValueAndNoMore) {
    for (const char* text : {"", " ", "{", "[1,]", "{\"a\":}", "1 2", "nul", "'a'", "{\"a\" 1}", "\"\xff\"", "[1]x", "/*c*/1"})
        EXPECT_THROW(Json::parse(text), JsonError) << text;
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_NO_THROW(Json::parse(nested(64)));
    EXPECT_THROW(Json::parse(nested(65)), JsonError);
    EXPECT_THROW(Json::parse(nested(1'000'000)), JsonError);
    EXPECT_THROW(Json::parse(std::string(1'000'000, '[')), JsonError);
}

TEST(Json, TakesForUtf8WhatAnotherImplementationDoes) {
    const auto compare = [](const std::string& text) {
        if (others_take(text)) {
            ASSERT_EQ(nlohmann::json::parse(Json(text).dump()), text) << ::testing::PrintToString(text);
        } else {
            ASSERT_THROW(Json(text).dump(), JsonError) << ::testing::PrintToString(text);
        }
    };
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second)
            for (const char* rest : {"", "\x80", "\x80\x80", "\xbf\xbf", "\x80z", "z"})
                compare(std::string{static_cast<char>(first), static_cast<char>(second)} + rest);
    compare("");
    compare(std::string("a\0b", 3));
}

}  // namespace
}  // namespace glissade
