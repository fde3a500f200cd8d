// SPDX-License-Identifier: Apache-2.0
#include "host/export/event_file.hpp"

#include <gtest/gtest.h>

namespace glissade {
namespace {

/// The test vectors of RFC 3720, appendix B.4.
TEST(Crc32c, IsThatOfTheStandard) {
    std::string rising, falling;
    for (int byte = 0; byte < 32; ++byte) {
        rising += static_cast<char>(byte);
        falling += static_cast<char>(31 - byte);
    }
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
    EXPECT_EQ(crc32c(rising), 0x46dd794eU);
    EXPECT_EQ(crc32c(falling), 0x113fdb5cU);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, FramesEachRecordByLengthAndChecksums) {
    const std::string record = event_file_head(1.5);
    ASSERT_GT(record.size(), 16U);
    EXPECT_EQ(static_cast<unsigned char>(record[0]), record.size() - 16);
    EXPECT_EQ(record.substr(1, 7), std::string(7, '\0'));
    EXPECT_NE(record.find("brain.Event:2"), std::string::npos);
    const auto masked = [](std::string_view bytes) {
        const std::uint32_t crc = crc32c(bytes);
        return (crc >> 15 | crc << 17) + 0xa282ead8U;
    };
    const auto number_at = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(record[at + i]);
        return value;
    };
    EXPECT_EQ(number_at(8), masked(record.substr(0, 8)));
    EXPECT_EQ(number_at(record.size() - 4), masked(record.substr(12, record.size() - 16)));
}

}  // namespace
}  // namespace glissade
