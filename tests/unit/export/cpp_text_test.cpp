// SPDX-License-Identifier: Apache-2.0
#include "host/export/cpp_text.hpp"

#include <gtest/gtest.h>

namespace glissade {
namespace {

TEST(CppName, KeepsWhatANameMayHold) {
    EXPECT_EQ(cpp_name("hours-per-week", "column"), "hours_per_week");
    EXPECT_EQ(cpp_name("  a (b) ", "column"), "a_b");
    EXPECT_EQ(cpp_name("_private__thing_", "column"), "private_thing");
    EXPECT_EQ(cpp_name("3rd", "column"), "column_3rd");
    EXPECT_EQ(cpp_name("class", "column"), "class_");
    EXPECT_EQ(cpp_name("\xc3\xa9?", "column"), "column");
}

TEST(CppName, IsNeverGivenTwice) {
    EXPECT_EQ(cpp_names({"a b", "a-b", "a_b_2", "Row", "class", "class-"}, {"Row"}),
              (std::vector<std::string>{"a_b", "a_b_2", "a_b_2_2", "Row_2", "class_", "class_2"}));
}

TEST(CppName, IsNoKeywordAndNotReserved) {
    for (const char* name : {"int", "co_await", "_x", "a__b", "", "1a", "a-b", "a::b"}) EXPECT_FALSE(is_cpp_name(name)) << name;
    for (const char* name : {"a", "A1", "int_", "x_y"}) EXPECT_TRUE(is_cpp_name(name)) << name;
}

TEST(CppText, EscapesWhatALiteralCannotHold) {
    EXPECT_EQ(cpp_quoted("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(cpp_quoted("?\?/"), R"("\?\?/")");
    EXPECT_EQ(cpp_quoted("\xc3\xa9\n"
                         "1"),
              R"("\303\251\0121")");
}

TEST(CppText, WritesNumbersThatStayReal) {
    EXPECT_EQ(cpp_number(1.0), "1.0");
    EXPECT_EQ(cpp_number(.1F), "0.1f");
    EXPECT_EQ(cpp_number(-1e-30), "-1e-30");
    EXPECT_EQ(cpp_number(3.0F), "3.0f");
}

}  // namespace
}  // namespace glissade
