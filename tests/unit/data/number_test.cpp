// SPDX-License-Identifier: Apache-2.0
#include "host/data/number.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "host/data/short_number.hpp"

namespace glissade {
namespace {

TEST(Number, AgreesWithTheCLibraryOnRandomText) {
    std::mt19937_64 random(20);
    for (int i = 0; i < 20000; ++i) {
        char text[64];
        const double mantissa = std::uniform_real_distribution<double>(-10, 10)(random);
        const int exponent = static_cast<int>(random() % 620) - 320;
        const char* const forms[] = {"%.17ge%d", "%.6fe%d", "%.0fE%+d", "%+.3fe%03d"};
        std::snprintf(text, sizeof text, forms[random() % 4], mantissa, exponent);
        const double expected = std::strtod(text, nullptr);
        const auto value = whole_number(text);
        if (std::isinf(expected)) {
            EXPECT_FALSE(value.has_value()) << text;
        } else {
            ASSERT_TRUE(value.has_value()) << text;
            EXPECT_EQ(*value, expected) << text;
        }
    }
}

/// What parse_number should give for a text: the C++ library's own reading of it.
void expect_read_as_the_library_does(const std::string& text, std::size_t length) {
    double value = -7, expected = -7;
    const char* const begin = text.data();
    const char* const stop = parse_number(begin, begin + length, value);
    const auto wanted = std::from_chars(begin, begin + length, expected);
    ASSERT_EQ(stop, wanted.ptr) << text << ", " << length << " bytes";
    ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(expected)) << text << ", " << length << " bytes";
}

/// The quick way through short decimals and the way round it: every count of digits before and behind the point, with each text behind
/// them, whole and with each end cut off.
TEST(Number, IsTheSameHoweverManyDigitsItHasAndWhateverFollows) {
    std::mt19937_64 random(3);
    const auto digits = [&](int count, bool nines) {
        std::string text;
        for (int i = 0; i < count; ++i) text += nines ? '9' : static_cast<char>('0' + random() % 10);
        return text;
    };
    for (int whole = 1; whole <= 20; ++whole) {
        for (int decimals = -1; decimals <= 20; ++decimals) {  // -1: no point
            for (const char* const behind :
                 {",8.25,-3,12345678,9", "\n1.5,2.5,3.5,4.5,5.5,6.5", "e3,8.25,-3,12345678,9,10", "E-2\r\n1,2,3,4,5,6,7,8,9,0",
                  ".5,1,2,3,4,5,6,7,8,9,0,1,2", ":;/?@`\xb0\xb9 and more than that", "x12345678901234567890123456"}) {
                for (const bool nines : {false, true}) {
                    std::string text = random() % 2 == 0 ? "-" : "";
                    text += digits(whole, nines) + (decimals < 0 ? "" : "." + digits(decimals, nines)) + behind;
                    expect_read_as_the_library_does(text, text.size());
                    if (whole % 4 == 3) {
                        for (std::size_t length = 2; length < text.size(); ++length) expect_read_as_the_library_does(text, length);
                    }
                }
            }
        }
    }
}

TEST(Number, AcceptsTheUsualForms) {
    for (const char* text : {"0", "-0", "+1", "1.", ".5", "-.5", "1e5", "1E-5", "1e+05", "00012", "1e-400"}) {
        const auto value = whole_number(text);
        ASSERT_TRUE(value.has_value()) << text;
        EXPECT_EQ(*value, std::strtod(text, nullptr)) << text;
    }
}

TEST(Number, RefusesWhatOnlyLooksLikeOne) {
    for (const char* text :
         {"",         "-",   "+",    ".",   "+-1",   "--1",   "1e",    "1e+", "1e400", "-1e400", "nan", "-nan", "inf", "+inf",
          "infinity", "NaN", "0x10", "1,5", "1_000", "1 000", "1.2.3", "1f",  "1e5e5", " 1",     "1 ",  "e5",   "one"}) {
        EXPECT_FALSE(whole_number(text).has_value()) << text;
    }
}

TEST(Number, TellsMalformedNumbersFromWords) {
    for (const char* text : {"nan", "-NaN", "inf", "+Infinity", "NA", "n/a", "null", "None", "?", "0x1F", "1e400", "1,5", "1_000", "1 000",
                             "--5", "1e", "1.#INF"}) {
        EXPECT_EQ(classify_cell(text), CellClass::malformed) << text;
    }
    for (const char* text :
         {"Private", "11th", "1stFlrSF", "2020-01-01", "1.2.3.4", "0-17", "18 - 25", "55+", "NEAR BAY", "<=50K", "infinite", "12:30"}) {
        EXPECT_EQ(classify_cell(text), CellClass::word) << text;
    }
    EXPECT_EQ(classify_cell("-1.5e3"), CellClass::number);
}

TEST(Number, FindsBrokenUtf8) {
    EXPECT_FALSE(invalid_utf8_at("S\xc3\xa3o Paulo \xe2\x82\xac \xf0\x9f\x9a\x80").has_value());
    EXPECT_EQ(invalid_utf8_at("S\xe3o").value_or(99), 1u);             // Latin-1
    EXPECT_EQ(invalid_utf8_at("ab\xc0\xaf").value_or(99), 2u);         // overlong
    EXPECT_EQ(invalid_utf8_at("\xed\xa0\x80").value_or(99), 0u);       // surrogate
    EXPECT_EQ(invalid_utf8_at("a\xf4\x90\x80\x80").value_or(99), 1u);  // beyond Unicode
    EXPECT_EQ(invalid_utf8_at("abc\xe2\x82").value_or(99), 3u);        // cut short
}

TEST(Number, ShortOnesReadEightBytesAtATimeAreTheSame) {
    std::mt19937_64 random(9);
    const auto digits = [&](std::size_t most) {
        std::string text;
        for (std::size_t n = random() % (most + 1); n > 0; --n) text += static_cast<char>('0' + random() % 10);
        return text;
    };
    int taken = 0;
    constexpr int trials = 200000;
    for (int i = 0; i < trials; ++i) {
        std::string text = (random() % 4 == 0 ? "-" : "") + digits(9);
        if (random() % 4 != 0) text += "." + digits(17);
        if (random() % 16 == 0) text += "e" + digits(2);
        if (random() % 16 == 0) text[random() % std::max<std::size_t>(text.size(), 1)] = static_cast<char>(random() % 256);
        // What lies behind the line is not digits; behind that, anything.
        const std::string line = text + "\n" + digits(40) + std::string(short_number_reach, 'x');
        double short_value = 0, value = 0;
        const char* const end = line.data() + text.size();
        const char* const stop = parse_short_number(line.data(), end, short_value);
        if (stop == nullptr) continue;
        ++taken;
        ASSERT_EQ(stop, parse_number(line.data(), end, value)) << text;
        ASSERT_EQ(std::signbit(short_value), std::signbit(value)) << text;
        ASSERT_EQ(short_value, value) << text;
    }
    EXPECT_GT(taken, trials / 4) << "those that are short";
    double value = 0;
    for (const char* text : {"", "-", ".5", "5.", "1e5", "12345678", "+1", "0x1", "1,5", "nan", "0.1234567890123456", "1.5x"}) {
        const std::string line = text + std::string(short_number_reach, '\n');
        EXPECT_EQ(parse_short_number(line.data(), line.data() + std::strlen(text), value), nullptr) << text;
    }
}

TEST(Number, ShortDigitsAreCountedUpToEight) {
    for (const char* text : {"", "0", "7x", "42:", "999", "1234 ", "00012/", "654321:1", "1234567\xff", "12345678", "123456789"}) {
        std::string bytes = text + std::string(8, '\n');
        const std::size_t count = std::min<std::size_t>(8, std::strspn(text, "0123456789"));
        const ShortDigits digits = short_digits(bytes.data());
        EXPECT_EQ(digits.count, static_cast<int>(count)) << text;
        EXPECT_EQ(digits.value, count == 0 ? 0 : std::stoul(std::string(text, count))) << text;
    }
}

}  // namespace
}  // namespace glissade
