// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::bytes_of;
using testing::DataFiles;
using testing::idx_of;
using testing::npy_of;
using testing::raw_options;
using testing::row_of;
using testing::targets_of;

/// Loads a matrix of 2 rows, with 0 and 1 as targets from a file of their own.
PreparedData load_matrix(const DataFiles& files, const std::string& name, const std::string& bytes) {
    LoadOptions options;
    options.standardize = Toggle::off;
    options.target_file = files.write("labels.npy", npy_of("|u1", "(2,)", bytes_of<std::uint8_t>({0, 1})));
    return load_training(files.write(name, bytes), options);
}

TEST(Npy, ReadsEveryTypeAndVersion) {
    const DataFiles files;
    const auto check = [&](const std::string& descr, const std::string& data, const std::vector<float>& first_row) {
        for (const int version : {1, 2, 3}) {
            const auto loaded = load_matrix(files, "x.npy", npy_of(descr, "(2, 2)", data, version));
            EXPECT_EQ(row_of(loaded.train, 0), first_row) << descr << " version " << version;
            EXPECT_EQ(row_of(loaded.train, 1), (std::vector<float>{3, 4})) << descr;
        }
    };
    check("<f4", bytes_of<float>({-1.5, 2, 3, 4}), {-1.5, 2});
    check("<f8", bytes_of<double>({-1.5, 2, 3, 4}), {-1.5, 2});
    check("|u1", bytes_of<std::uint8_t>({200, 2, 3, 4}), {200, 2});
    check("|i1", bytes_of<std::int8_t>({-100, 2, 3, 4}), {-100, 2});
    check("<u2", bytes_of<std::uint16_t>({60000, 2, 3, 4}), {60000, 2});
    check("<i2", bytes_of<std::int16_t>({-30000, 2, 3, 4}), {-30000, 2});
    check("<u4", bytes_of<std::uint32_t>({4000000000u, 2, 3, 4}), {4e9f, 2});
    check("<i4", bytes_of<std::int32_t>({-7, 2, 3, 4}), {-7, 2});
    check("<i8", bytes_of<std::int64_t>({-7, 2, 3, 4}), {-7, 2});
    check("<u8", bytes_of<std::uint64_t>({7, 2, 3, 4}), {7, 2});
    const auto booleans = load_matrix(files, "b.npy", npy_of("|b1", "(2, 2)", std::string("\1\0\0\1", 4)));
    EXPECT_EQ(row_of(booleans.train, 1), (std::vector<float>{0, 1}));
}

TEST(Npy, ReadsBigEndianNumbersAndFlattensFurtherDimensions) {
    const DataFiles files;
    const auto loaded = load_matrix(files, "x.npy", npy_of(">i2", "(2, 1, 2)", std::string("\0\1\xff\xff\0\3\1\0", 8)));
    EXPECT_EQ(row_of(loaded.train, 0), (std::vector<float>{1, -1}));
    EXPECT_EQ(row_of(loaded.train, 1), (std::vector<float>{3, 256}));
}

TEST(Npy, RefusesWhatIsNotOnePlainMatrix) {
    const DataFiles files;
    const std::string data = bytes_of<float>({1, 2, 3, 4}), good = npy_of("<f4", "(2, 2)", data);
    const auto with_header = [&](const std::string& header) {
        std::string bytes("\x93NUMPY\1\0", 8);
        bytes += static_cast<char>(header.size());
        return bytes + '\0' + header + data;
    };
    const std::pair<std::string, const char*> cases[] = {
        {good.substr(0, good.size() - 1), "cut short"},
        {good + "x", "trailing bytes"},
        {good.substr(0, 40), "cut short in its header"},
        {good.substr(0, 9), "cut short in its header"},
        {npy_of("<f2", "(2, 2)", data), "arrays of type \"<f2\" are not supported"},
        {npy_of("<c8", "(2, 2)", data), "not supported"},
        {npy_of("|O", "(2, 2)", data), "not supported"},
        {npy_of("|S4", "(2, 2)", data), "not supported"},
        {npy_of("<f4", "()", data), "no dimensions"},
        {npy_of("<f4", "(0, 2)", ""), "is empty"},
        {npy_of("<f4", "(2, 99999999999999999999)", data), "too large"},
        {npy_of("<f4", "(4611686018427387904, 4611686018427387904)", data), "more bytes than a file can hold"},
        {npy_of("<f4", "(-2, 2)", data), "not a number"},
        {npy_of("<f4", "(2, 2)", data, 4), "version 4.0"},
        {with_header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }"), "Fortran"},
        {with_header("{'descr': '<f4', 'shape': (2, 2), }"), "is missing"},
        {with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'x': 1}"), "unexpected or repeated key \"x\""},
        {with_header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"), "repeated key \"descr\""},
        {with_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2), }"), "neither True nor False"},
        {with_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }"), "records"},
        {with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2 2), }"), "','"},
        {with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), "), "malformed"},
        {with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } junk"), "text after"},
        {with_header("'descr'"), "'{' is missing"},
    };
    for (const auto& [bytes, message] : cases) EXPECT_ERROR(ErrorKind::data, message, load_matrix(files, "bad.npy", bytes));
    EXPECT_NO_THROW(load_matrix(files, "good.npy", good));
}

TEST(Npy, NoCutOfAFileIsAccepted) {
    const DataFiles files;
    const std::string good = npy_of("<f4", "(2, 2)", bytes_of<float>({1, 2, 3, 4}));
    for (std::size_t length = 1; length < good.size(); ++length)
        EXPECT_ERROR(ErrorKind::data, "", load_matrix(files, "cut.npy", good.substr(0, length)));
}

TEST(Npy, TakesTargetsFromAColumn) {
    const DataFiles files;
    const std::string path = files.write("x.npy", npy_of("<f4", "(3, 3)", bytes_of<float>({1, 2, 0, 3, 4, 1, 5, 6, 1})));
    const auto data = load_training(path, raw_options("-1"));
    EXPECT_EQ(data.train.columns(), 2);
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{3, 4}));
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{0, 1, 1}));
    EXPECT_ERROR(ErrorKind::usage, "which column is the target?", load_training(path, {}));
}

TEST(Idx, ReadsEveryType) {
    const DataFiles files;
    const auto check = [&](const std::string& bytes, const std::vector<float>& first_row) {
        const auto loaded = load_matrix(files, "x-idx", bytes);
        EXPECT_EQ(loaded.contract.preparation.format, "idx");
        EXPECT_EQ(row_of(loaded.train, 0), first_row);
        EXPECT_EQ(row_of(loaded.train, 1), (std::vector<float>{3, 4}));
    };
    check(idx_of<std::uint8_t>('\x08', {2, 2}, {255, 2, 3, 4}), {255, 2});
    check(idx_of<std::int8_t>('\x09', {2, 2, 1}, {-5, 2, 3, 4}), {-5, 2});
    check(idx_of<std::int16_t>('\x0b', {2, 1, 2}, {-500, 2, 3, 4}), {-500, 2});
    check(idx_of<std::int32_t>('\x0c', {2, 2}, {-70000, 2, 3, 4}), {-70000, 2});
    check(idx_of<float>('\x0d', {2, 2}, {0.25f, 2, 3, 4}), {0.25f, 2});
    check(idx_of<double>('\x0e', {2, 2}, {0.25, 2, 3, 4}), {0.25f, 2});
}

TEST(Idx, RefusesDamagedFiles) {
    const DataFiles files;
    const std::string good = idx_of<std::uint8_t>('\x08', {2, 2}, {1, 2, 3, 4});
    LoadOptions options;
    options.format = "idx";
    options.target_file = files.write("labels.npy", npy_of("|u1", "(2,)", bytes_of<std::uint8_t>({0, 1})));
    const auto load = [&](const std::string& bytes) { return load_training(files.write("bad-idx", bytes), options); };
    EXPECT_NO_THROW(load(good));
    for (std::size_t length = 1; length < good.size(); ++length) EXPECT_ERROR(ErrorKind::data, "", load(good.substr(0, length)));
    EXPECT_ERROR(ErrorKind::data, "trailing bytes", load(good + "x"));
    EXPECT_ERROR(ErrorKind::data, "type code 7", load(idx_of<std::uint8_t>('\x07', {2, 2}, {1, 2, 3, 4})));
    EXPECT_ERROR(ErrorKind::data, "is empty", load(idx_of<std::uint8_t>('\x08', {0, 2}, {})));
    EXPECT_ERROR(ErrorKind::data, "more bytes than", load(idx_of<double>('\x0e', {0xffffffff, 0xffffffff, 0xffffffff}, {1, 2})));
}

TEST(Idx, ScalesBytesTo255thsAndLeavesBitsAlone) {
    const DataFiles files;
    LoadOptions options;
    options.target_file = files.write("labels-idx", idx_of<std::uint8_t>('\x08', {2}, {3, 9}));
    const auto bytes = load_training(files.write("bytes-idx", idx_of<std::uint8_t>('\x08', {2, 2}, {0, 51, 255, 1})), options);
    EXPECT_EQ(row_of(bytes.train, 0), (std::vector<float>{0, static_cast<float>(51.0 / 255)}));
    EXPECT_EQ(row_of(bytes.train, 1), (std::vector<float>{1, static_cast<float>(1.0 / 255)}));
    EXPECT_EQ(bytes.contract.class_labels, (std::vector<std::string>{"3", "9"}));
    const auto bits = load_training(files.write("bits-idx", idx_of<std::uint8_t>('\x08', {2, 2}, {0, 1, 1, 1})), options);
    EXPECT_EQ(row_of(bits.train, 1), (std::vector<float>{1, 1}));
    EXPECT_TRUE(bits.contract.input.empty());
}

}  // namespace
}  // namespace glissade
