// SPDX-License-Identifier: Apache-2.0
#include "host/train/safetensors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/persistence/safetensors_cases.hpp"

namespace glissade {
namespace {

using namespace test;

constexpr DType all_dtypes[] = {DType::boolean, DType::u8,  DType::i8,  DType::u16, DType::i16, DType::f16, DType::bf16,
                                DType::u32,     DType::i32, DType::f32, DType::u64, DType::i64, DType::f64};

std::vector<Tensor> by_element_size(std::vector<Tensor> tensors) {
    std::ranges::stable_sort(tensors, [](const Tensor& a, const Tensor& b) { return dtype_bytes(a.dtype) > dtype_bytes(b.dtype); });
    return tensors;
}

void expect_same(const TensorFile& got, const TensorFile& written) {
    EXPECT_EQ(got.metadata, written.metadata);
    const std::vector<Tensor> expected = by_element_size(written.tensors);
    ASSERT_EQ(got.tensors.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(got.tensors[i].name, expected[i].name);
        EXPECT_EQ(got.tensors[i].dtype, expected[i].dtype);
        EXPECT_EQ(got.tensors[i].shape, expected[i].shape);
        EXPECT_EQ(got.tensors[i].bytes, expected[i].bytes);
    }
}

/// The format's own rules and our alignment, read with a JSON parser and no code of the encoder's.
void expect_aligned_layout(const std::vector<std::byte>& bytes, const TensorFile& written) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u);
    const auto header = nlohmann::json::parse(std::string(reinterpret_cast<const char*>(bytes.data()) + 8, length));
    EXPECT_EQ(header.size(), written.tensors.size() + 1);
    for (const Tensor& tensor : written.tensors) {
        const auto& entry = header.at(tensor.name);
        const auto begin = entry.at("data_offsets").at(0).get<std::int64_t>();
        const auto end = entry.at("data_offsets").at(1).get<std::int64_t>();
        EXPECT_EQ(entry.at("dtype"), dtype_name(tensor.dtype));
        EXPECT_EQ(entry.at("shape"), nlohmann::json(tensor.shape));
        EXPECT_EQ(begin % dtype_bytes(tensor.dtype), 0) << tensor.name;
        ASSERT_EQ(end - begin, static_cast<std::int64_t>(tensor.bytes.size()));
        EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), bytes.begin() + 8 + static_cast<std::int64_t>(length) + begin));
    }
}

std::string random_name(std::mt19937_64& random) {
    static const std::vector<std::string> pieces{"w",        "layer.0",          "\"",    "\\", "\n", "\x01",
                                                 "\xC3\xA9", "\xF0\x9F\x8F\x94", "xxh3:", "/",  " ",  "__metadata__"};
    std::string name = std::to_string(random() % 1000);
    for (std::uint64_t i = random() % 4; i > 0; --i) name += pieces[random() % pieces.size()];
    return name;
}

TensorFile random_file(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    TensorFile file;
    for (std::uint64_t i = random() % 5; i > 0; --i) file.metadata["m" + random_name(random)] = random_name(random);
    for (std::uint64_t i = random() % 8; i > 0; --i) {
        Tensor tensor{random_name(random) + "#" + std::to_string(i), all_dtypes[random() % std::size(all_dtypes)], {}, {}};
        std::int64_t count = 1;
        for (std::uint64_t rank = random() % 4; rank > 0; --rank) {
            tensor.shape.push_back(static_cast<std::int64_t>(random() % 6));
            count *= tensor.shape.back();
        }
        tensor.bytes.resize(static_cast<std::size_t>(count * dtype_bytes(tensor.dtype)));
        for (std::byte& byte : tensor.bytes) byte = static_cast<std::byte>(random());
        file.tensors.push_back(std::move(tensor));
    }
    return file;
}

TEST(Safetensors, ComesBackAsItWasWritten) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE(seed);
        const TensorFile file = random_file(seed);
        const std::vector<std::byte> bytes = encode(file);
        const TensorFile decoded = decode(bytes, "some.file");
        expect_same(decoded, file);
        expect_aligned_layout(bytes, file);
        EXPECT_EQ(encode(decoded), bytes);
    }
}

TEST(Safetensors, HasTheFormatsElementSizes) {
    const std::vector<std::pair<std::string, std::int64_t>> expected{{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"U16", 2}, {"I16", 2},
                                                                     {"F16", 2},  {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},
                                                                     {"U64", 8},  {"I64", 8},  {"F64", 8}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(dtype_name(all_dtypes[i]), expected[i].first);
        EXPECT_EQ(dtype_bytes(all_dtypes[i]), expected[i].second);
    }
}

TEST(Safetensors, ReadsFilesOfOthersOnlyWhereAllowed) {
    // Spaces and order as another writer may choose them; offsets need not follow the header's order.
    const std::string header = R"( {"b": {"shape": [2], "dtype": "I8", "data_offsets": [4, 6]},
        "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, "__metadata__": {"format": "pt"}}  )";
    const auto bytes = foreign_file(header.substr(1), 6);
    EXPECT_EQ(rejection(bytes, Checksums::required), "some.file: header: no checksum: damaged, or not a file of this program");
    const TensorFile file = decode(bytes, "some.file", Checksums::optional);
    ASSERT_EQ(file.tensors.size(), 2u);
    EXPECT_EQ(file.tensors[0].name, "a");
    EXPECT_EQ(file.tensors[1].name, "b");
    EXPECT_EQ(file.tensors[1].shape, std::vector<std::int64_t>{2});
    EXPECT_EQ(file.metadata.at("format"), "pt");
    EXPECT_TRUE(decode(foreign_file("{}", 0), "some.file", Checksums::optional).tensors.empty());
}

TEST(Safetensors, RefusesToWriteWhatCouldNotBeRead) {
    const auto refused = [](const auto& spoil) {
        TensorFile file = small_file();
        spoil(file);
        try {
            encode(file);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
            return true;
        }
        return false;
    };
    EXPECT_FALSE(refused([](TensorFile&) {}));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[0].name = file.tensors[1].name; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[0].name = "__metadata__"; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[0].name = "\xFF"; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[0].shape = {2}; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[0].shape = {-1, -3}; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.tensors[4].shape = {std::int64_t{1} << 62, 4, 0}; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.metadata["xxh3:mine"] = "x"; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.metadata["text"] = "\xC3"; }));
    EXPECT_TRUE(refused([](TensorFile& file) { file.metadata["text"] = std::string(max_header_bytes, 'x'); }));
}

}  // namespace
}  // namespace glissade
