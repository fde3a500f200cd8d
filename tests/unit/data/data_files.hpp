// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glissade/error.hpp"
#include "host/data/load.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {

/// A directory of files that goes when the test ends.
class DataFiles {
public:
    DataFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "glissade-data-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        directory_ = pattern;
    }
    ~DataFiles() { std::filesystem::remove_all(directory_); }
    DataFiles(const DataFiles&) = delete;
    DataFiles& operator=(const DataFiles&) = delete;

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    std::string write(const std::string& name, std::string_view content) const {
        std::ofstream(path(name), std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
        return path(name);
    }

private:
    std::filesystem::path directory_;
};

inline std::string gzip_of(std::string_view content) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, content.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

#define EXPECT_ERROR(kind_wanted, text_wanted, ...)                                                      \
    do {                                                                                                 \
        const auto error = ::glissade::testing::error_of([&] { __VA_ARGS__; });                          \
        ASSERT_TRUE(error.has_value()) << "accepted; an error with \"" << (text_wanted) << "\" was due"; \
        EXPECT_EQ(error->kind(), kind_wanted) << error->what();                                          \
        EXPECT_NE(std::string(error->what()).find(text_wanted), std::string::npos) << error->what();     \
    } while (false)

/// A row with its zeros, whatever the form of the data.
inline std::vector<float> row_of(const Dataset& data, std::int64_t row) {
    if (data.is_sparse()) {
        const auto rows = data.sparse<float>();
        std::vector<float> values(static_cast<std::size_t>(rows.columns));
        for (std::int64_t k = rows.offsets[row]; k < rows.offsets[row + 1]; ++k) values[rows.indices[k]] = rows.values[k];
        return values;
    }
    const auto features = data.features<float>();
    return {features.row(row), features.row(row) + features.columns};
}

/// All values, of sparse rows those that are stored.
inline std::vector<float> values_of(const Dataset& data) {
    std::vector<float> values;
    if (data.is_sparse()) {
        const auto rows = data.sparse<float>();
        return {rows.values, rows.values + rows.nonzeros()};
    }
    for (std::int64_t r = 0; r < data.rows(); ++r) {
        const auto row = row_of(data, r);
        values.insert(values.end(), row.begin(), row.end());
    }
    return values;
}

inline std::vector<float> targets_of(const Dataset& data) {
    const auto targets = data.targets<float>();
    return {targets.begin(), targets.end()};
}

/// Features and targets as they stand in the file.
inline LoadOptions raw_options(const std::string& target) {
    LoadOptions options;
    options.target = target;
    options.standardize = Toggle::off;
    options.standardize_target = Toggle::off;
    return options;
}

/// The bytes of a NumPy array file, made by hand.
inline std::string npy_of(const std::string& descr, const std::string& shape, std::string_view data, int version = 1) {
    std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
    const std::size_t length_bytes = version == 1 ? 2 : 4;
    while ((6 + 2 + length_bytes + header.size() + 1) % 64 != 0) header += ' ';
    header += '\n';
    std::string bytes = "\x93NUMPY";
    bytes += static_cast<char>(version);
    bytes += '\0';
    for (std::size_t i = 0; i < length_bytes; ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 255);
    return bytes + header + std::string(data);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

/// The bytes of an IDX file: type code, shape, values as big-endian bytes.
template <class T>
std::string idx_of(char code, const std::vector<std::uint32_t>& shape, const std::vector<T>& values) {
    std::string bytes{'\0', '\0', code, static_cast<char>(shape.size())};
    for (const std::uint32_t size : shape) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((size >> shift) & 255);
    }
    for (const T value : values) {
        std::string one(sizeof(T), '\0');
        std::memcpy(one.data(), &value, sizeof(T));
        bytes.append(one.rbegin(), one.rend());
    }
    return bytes;
}

}  // namespace glissade::testing
