// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <iomanip>
#include <random>
#include <sstream>

#include "tests/unit/persistence/safetensors_cases.hpp"

namespace glissade {
namespace {

using namespace test;

struct Layout {
    std::vector<std::byte> bytes = encode(small_file());
    std::size_t data_begin = 0;

    Layout() {
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        data_begin = 8 + length;
    }
    /// The section that owns a byte, in the words of an error. The order of the data is written out: 8-byte elements first.
    std::string section(std::size_t position) const {
        if (position < data_begin) return "header";
        const std::size_t offset = position - data_begin;
        return offset < 16 ? "tensor 'bias'" : offset < 24 ? "tensor 'step'" : offset < 48 ? "tensor 'weights'" : "tensor 'mask'";
    }
};

TEST(DamagedFile, IsRejectedWithItsSectionWhicheverByteIsFlipped) {
    Layout layout;
    ASSERT_EQ(layout.bytes.size(), layout.data_begin + 51);
    std::int64_t flips = 0;
    for (std::size_t position = 0; position < layout.bytes.size(); ++position) {
        const std::string expected = "some.file: " + layout.section(position) + ": ";
        for (int change = 1; change < 256; change = change < 128 ? change * 2 : change + 127) {
            layout.bytes[position] ^= static_cast<std::byte>(change);
            for (const auto checksums : {Checksums::required, Checksums::optional}) {
                const std::string message = rejection(layout.bytes, checksums);
                // A foreign-looking file is read as far as its JSON goes, and the first thing wrong may be found in a tensor's entry.
                const bool named = checksums == Checksums::required ? message.starts_with(expected) : message.starts_with("some.file: ");
                ASSERT_TRUE(named) << "byte " << position << " ^ " << change << ": " << message;
                ++flips;
            }
            layout.bytes[position] ^= static_cast<std::byte>(change);
        }
    }
    EXPECT_EQ(rejection(layout.bytes, Checksums::required), "");
    RecordProperty("flips", std::to_string(flips));
}

TEST(DamagedFile, IsRejectedWithItsSectionWhereverItIsCut) {
    const Layout layout;
    for (std::size_t size = 0; size < layout.bytes.size(); ++size) {
        const std::string message = rejection(std::span(layout.bytes).first(size), Checksums::optional);
        // The first byte that is missing belongs to the section.
        ASSERT_TRUE(message.starts_with("some.file: " + layout.section(size) + ": ")) << size << ": " << message;
        ASSERT_FALSE(rejection(std::span(layout.bytes).first(size), Checksums::required).empty());
    }
}

TEST(DamagedFile, IsRejectedWithTrailingBytes) {
    Layout layout;
    for (int added = 1; added <= 16; ++added) {
        layout.bytes.push_back(std::byte{0});
        EXPECT_EQ(rejection(layout.bytes, Checksums::required),
                  "some.file: trailing bytes: " + std::to_string(added) + " after the last tensor");
    }
}

TEST(DamagedFile, IsRejectedWhereTwoFilesAreMixed) {
    // Each half is whole by itself: only a checksum of the other's can tell.
    TensorFile other_contents = small_file();
    other_contents.tensors[2].bytes[0] ^= std::byte{1};
    const Layout layout;
    std::vector<std::byte> mixed = encode(other_contents);
    ASSERT_EQ(mixed.size(), layout.bytes.size());
    std::copy_n(layout.bytes.begin(), layout.data_begin, mixed.begin());
    EXPECT_EQ(rejection(mixed, Checksums::required), "some.file: tensor 'bias': checksum mismatch, the file is damaged");
}

std::string hex_digest(const std::string& text) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
    std::ostringstream digits;
    for (const int byte : canonical.digest) digits << std::hex << std::setw(2) << std::setfill('0') << byte;
    return digits.str();
}

/// The small file with one edit of its header and a header checksum made anew as the format describes it.
std::vector<std::byte> with_edited_header(const std::string& from, const std::string& to) {
    const Layout layout;
    std::string header(reinterpret_cast<const char*>(layout.bytes.data()) + 8, layout.data_begin - 8);
    const std::size_t at = header.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    header.replace(at, from.size(), to);
    const std::size_t digits = header.find("xxh3:header\":\"") + 14;
    header.replace(digits, 32, 32, '0');
    std::vector<std::byte> bytes = foreign_file(header, 51);
    const std::string covered(reinterpret_cast<const char*>(bytes.data()), 8 + header.size());
    header.replace(digits, 32, hex_digest(covered));
    bytes = foreign_file(header, 51);
    std::copy(layout.bytes.end() - 51, layout.bytes.end(), bytes.end() - 51);
    return bytes;
}

TEST(HeaderChecksum, IsTheOneThatTheFormatDescribes) {
    EXPECT_EQ(with_edited_header("mask", "mask"), Layout().bytes);
}

TEST(HeaderChecksum, DoesNotStandInForTheOtherEntries) {
    const auto reason = [](const std::string& from, const std::string& to) {
        return rejection(with_edited_header(from, to), Checksums::optional);
    };
    EXPECT_EQ(reason("glissade model 1", "glissade model 2"), "");
    EXPECT_EQ(reason("\"xxh3:tensors\":\"5\"", "\"xxh3:tensors\":\"6\""),
              "some.file: header: the number of tensors differs from 'xxh3:tensors'");
    EXPECT_EQ(reason("xxh3:tensors", "count"), "some.file: header: the metadata has no 'xxh3:tensors'");
    EXPECT_EQ(reason("xxh3:tensor:mask", "mask"), "some.file: header: the metadata has no 'xxh3:tensor:mask'");
    EXPECT_EQ(reason("\"format\"", "\"xxh3:tensor:more\""), "some.file: header: a checksum of no tensor");
    EXPECT_EQ(reason("\"xxh3:tensor:mask\":\"", "\"xxh3:tensor:mask\":\"0"),
              "some.file: tensor 'mask': checksum mismatch, the file is damaged");
}

/// A header that decode must refuse although it carries no checksum, the bytes that follow it, and the words that must be in the message.
struct Hostile {
    std::string header;
    std::size_t data_bytes;
    std::string words;
};

std::string entry(const std::string& shape, const std::string& offsets, const std::string& dtype = "\"F32\"") {
    return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string one(const std::string& text) {
    return R"({"w":)" + text + "}";
}

std::vector<Hostile> hostile_headers() {
    using namespace std::string_literals;
    const std::string good = entry("[1]", "[0,4]");
    return {
        {"", 0, "header: does not begin with '{'"},
        {" {}", 0, "header: does not begin with '{'"},
        {"\xEF\xBB\xBF{}", 0, "header: does not begin with '{'"},
        {"[]", 0, "header: does not begin with '{'"},
        {"{", 0, "header: not JSON"},
        {"{}}", 0, "header: not JSON"},
        {"{}x", 0, "header: not JSON"},
        {"{}\0"s, 0, "header: holds a NUL"},
        {"{\"w\xFF\":" + good + "}", 4, "header: not JSON"},
        {"{\"w\":" + good + ",}", 4, "header: not JSON"},
        {"{/*c*/\"w\":" + good + "}", 4, "header: not JSON"},
        {"{\"w\":" + good + ",\"w\":" + good + "}", 4, "the name 'w' is repeated"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "the name '__metadata__' is repeated"},
        {R"({"__metadata__":{"a":"1","a":"1"}})", 0, "header: the metadata key 'a' is repeated"},
        {R"({"__metadata__":{"a":1}})", 0, "header: a number where none belongs"},
        {R"({"__metadata__":{"a":{}}})", 0, "header: an object where none belongs"},
        {R"({"__metadata__":{"a":["b"]}})", 0, "header: an array where none belongs"},
        {R"({"__metadata__":"a"})", 0, "header: a string where none belongs"},
        {R"({"__metadata__":{"xxh3:tensor:w":"00"}})", 0, "header: its checksum is damaged or was moved"},
        {one("1"), 0, "tensor 'w': a number where none belongs"},
        {one("null"), 0, "tensor 'w': null"},
        {one("[]"), 0, "tensor 'w': an array where none belongs"},
        {one("{}"), 0, "tensor 'w': dtype, shape and data_offsets are needed"},
        {one(R"({"dtype":"F32","shape":[1]})"), 4, "tensor 'w': dtype, shape and data_offsets are needed"},
        {one(R"({"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 4, "tensor 'w': the key 'dtype' is repeated"},
        {one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1})"), 4, "tensor 'w': unknown key 'more'"},
        {one(entry("[1]", "[0,4]", "\"F33\"")), 4, "tensor 'w': unknown dtype 'F33'"},
        {one(entry("[1]", "[0,4]", "\"f32\"")), 4, "tensor 'w': unknown dtype 'f32'"},
        {one(entry("[1]", "[0,4]", "32")), 4, "tensor 'w': a number where none belongs"},
        {one(entry("1", "[0,4]")), 4, "tensor 'w': a number where none belongs"},
        {one(entry("[[1]]", "[0,4]")), 4, "tensor 'w': an array where none belongs"},
        {one(entry("[\"1\"]", "[0,4]")), 4, "tensor 'w': a string where none belongs"},
        {one(entry("[1.0]", "[0,4]")), 4, "tensor 'w': a number that is no integer"},
        {one(entry("[1e0]", "[0,4]")), 4, "tensor 'w': a number that is no integer"},
        {one(entry("[-1]", "[0,4]")), 4, "tensor 'w': a negative number"},
        {one(entry("[true]", "[0,4]")), 4, "tensor 'w': true or false"},
        {one(entry("[01]", "[0,4]")), 4, "header: not JSON"},
        {one(entry("[1e999]", "[0,4]")), 4, "header: not JSON"},
        {one(entry("[18446744073709551615]", "[0,4]")), 4, "tensor 'w': a number is too large"},
        {one(entry("[99999999999999999999]", "[0,4]")), 4, "tensor 'w': a number that is no integer"},
        {one(entry("[4611686018427387904,4]", "[0,0]")), 0, "tensor 'w': the product of its shape is too large"},
        {one(entry("[4611686018427387904,4,0]", "[0,0]")), 0, "tensor 'w': the product of its shape is too large"},
        {one(entry("[2305843009213693952]", "[0,4]")), 4, "tensor 'w': the product of its shape is too large"},
        {one(entry("[1]", "[0]")), 4, "tensor 'w': data_offsets has not 2 numbers"},
        {one(entry("[1]", "[0,4,4]")), 4, "tensor 'w': a number where none belongs"},
        {one(entry("[1]", "[4,0]")), 4, "tensor 'w': begins at byte 4"},
        {one(entry("[1]", "[0,5]")), 5, "tensor 'w': its data_offsets do not fit its shape"},
        {one(entry("[2]", "[0,4]")), 4, "tensor 'w': its data_offsets do not fit its shape"},
        {one(good), 3, "tensor 'w': ends at byte 4 of the data, but the file holds 3: it is cut short"},
        {one(entry("[1000000000000000]", "[0,4000000000000000]")), 3, "tensor 'w': ends at byte 4000000000000000"},
        {one(good), 5, "trailing bytes: 1 after the last tensor"},
        {"{}", 1, "trailing bytes: 1 after the last tensor"},
        {"{\"a\":" + good + ",\"b\":" + good + "}", 8, "tensor 'b': begins at byte 0 of the data, expected at 4: an overlap"},
        {"{\"a\":" + good + ",\"b\":" + entry("[1]", "[2,6]") + "}", 6,
         "tensor 'b': begins at byte 2 of the data, expected at 4: an overlap"},
        {"{\"a\":" + good + ",\"b\":" + entry("[1]", "[5,9]") + "}", 9, "tensor 'b': begins at byte 5 of the data, expected at 4: a hole"},
        {"{\"\x1b[2J\":1}", 0, "header: not JSON"},
        {R"({"\u001b[2J)" + std::string(200, 'x') + R"(":1})", 0, "tensor '?[2J" + std::string(76, 'x') + "...': a number"},
    };
}

TEST(HostileHeader, IsRejectedWithTheReason) {
    for (const Hostile& hostile : hostile_headers()) {
        const std::string message = rejection(foreign_file(hostile.header, hostile.data_bytes), Checksums::optional);
        EXPECT_NE(message.find(hostile.words), std::string::npos) << hostile.header << "\n  " << message;
        EXPECT_TRUE(message.starts_with("some.file: ")) << message;
    }
}

TEST(HostileHeader, IsRejectedByItsLengthBeforeAnythingIsRead) {
    for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{max_header_bytes} + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        auto bytes = foreign_file("{}", 0);
        std::memcpy(bytes.data(), &length, 8);
        EXPECT_TRUE(rejection(bytes, Checksums::optional).starts_with("some.file: header: ")) << length;
    }
    // Whole, and too long all the same.
    const auto longest = foreign_file("{}" + std::string(max_header_bytes - 2, ' '), 0);
    EXPECT_EQ(rejection(longest, Checksums::optional), "");
    const auto too_long = foreign_file("{}" + std::string(max_header_bytes - 1, ' '), 0);
    EXPECT_NE(rejection(too_long, Checksums::optional).find("is too long"), std::string::npos);
    // Nesting that would exhaust the stack of a recursive reader.
    for (const std::string open : {"[", "{\"a\":"}) {
        std::string header = "{\"w\":";
        for (int i = 0; i < 100'000; ++i) header += open;
        EXPECT_FALSE(rejection(foreign_file(header, 0), Checksums::optional).empty());
    }
}

TEST(HostileHeader, NeverCrashesTheReaderAndWhatItTakesIsWhole) {
    std::mt19937_64 random(20240601);
    const std::string start = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                              R"("b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})";
    const std::vector<std::string> pieces{"{", "}",   "[",       "]",         ",", ":", "\"",   "0",   "8",
                                          "-", "1e9", "\\u0000", "\"shape\"", "a", " ", "null", "\xF0"};
    std::int64_t taken = 0;
    for (int trial = 0; trial < 20'000; ++trial) {
        std::string header = start;
        for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
            const std::size_t at = random() % header.size();
            switch (random() % 3) {
                case 0:
                    header.erase(at, 1 + random() % 3);
                    break;
                case 1:
                    header.insert(at, pieces[random() % pieces.size()]);
                    break;
                default:
                    header[at] = static_cast<char>(random());
            }
            if (header.empty()) header = "{";
        }
        const auto bytes = foreign_file(header, 11);
        if (!rejection(bytes, Checksums::optional).empty()) continue;
        ++taken;
        std::size_t total = 0;
        for (const Tensor& tensor : decode(bytes, "some.file", Checksums::optional).tensors) total += tensor.bytes.size();
        ASSERT_EQ(total, 11u) << header;
    }
    EXPECT_GT(taken, 0);  // an edit inside a name is no fault
}

}  // namespace
}  // namespace glissade
