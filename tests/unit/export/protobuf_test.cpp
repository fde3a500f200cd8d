// SPDX-License-Identifier: Apache-2.0
#include "host/export/protobuf.hpp"

#include <gtest/gtest.h>

namespace glissade {
namespace {

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) out += static_cast<char>(value);
    return out;
}

// The first three are the examples of https://protobuf.dev/programming-guides/encoding.
TEST(Protobuf, WritesAWholeNumberInGroupsOfSevenBits) {
    ProtoMessage message;
    message.add_int(1, 150);
    EXPECT_EQ(message.bytes(), bytes({0x08, 0x96, 0x01}));
}

TEST(Protobuf, WritesTextBehindItsLength) {
    ProtoMessage message;
    message.add_bytes(2, "testing");
    EXPECT_EQ(message.bytes(), bytes({0x12, 0x07}) + "testing");
}

TEST(Protobuf, NestsAMessageAsItsBytes) {
    ProtoMessage inner, outer;
    inner.add_int(1, 150);
    outer.add_message(3, inner);
    EXPECT_EQ(outer.bytes(), bytes({0x1a, 0x03, 0x08, 0x96, 0x01}));
}

TEST(Protobuf, WritesNegativeNumbersInTenBytes) {
    ProtoMessage message;
    message.add_int(1, -2);
    EXPECT_EQ(message.bytes(), bytes({0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST(Protobuf, WritesRealNumbersWithTheLowestByteFirst) {
    ProtoMessage message;
    message.add_float(2, 1.5F);
    message.add_double(1, -2.0);
    EXPECT_EQ(message.bytes(), bytes({0x15, 0, 0, 0xc0, 0x3f, 0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0}));
}

TEST(Protobuf, WritesFieldsBeyondFifteenWithALongerTag) {
    ProtoMessage message;
    message.add_int(20, 7);
    EXPECT_EQ(message.bytes(), bytes({0xa0, 0x01, 0x07}));
}

}  // namespace
}  // namespace glissade
