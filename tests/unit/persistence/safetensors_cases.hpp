// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/train/safetensors.hpp"

namespace glissade::test {

template <class Value>
Tensor tensor_of(const std::string& name, DType dtype, std::vector<std::int64_t> shape, const std::vector<Value>& values) {
    Tensor tensor{name, dtype, std::move(shape), std::vector<std::byte>(values.size() * sizeof(Value))};
    if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
}

/// Small enough to damage in every place; with a gap in alignment (3 bytes), an empty tensor and a scalar.
inline TensorFile small_file() {
    TensorFile file;
    file.metadata = {{"format", "glissade model 1"}, {"classes", "a,\"b\",\xC3\xA9"}};
    file.tensors.push_back(tensor_of<std::uint8_t>("mask", DType::u8, {3}, {1, 0, 255}));
    file.tensors.push_back(tensor_of<float>("weights", DType::f32, {2, 3}, {1.5F, -2.0F, 0.0F, 3.25F, 1e-30F, -0.0F}));
    file.tensors.push_back(tensor_of<double>("bias", DType::f64, {2}, {0.1, -7.0}));
    file.tensors.push_back(tensor_of<std::int64_t>("step", DType::i64, {}, {123456789012}));
    file.tensors.push_back(tensor_of<float>("none", DType::f32, {0, 4}, {}));
    return file;
}

/// A file as another program may write it: header and data put together without our encoder.
inline std::vector<std::byte> foreign_file(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::vector<std::byte> bytes(8 + header.size() + data_bytes);
    std::memcpy(bytes.data(), &length, 8);
    std::memcpy(bytes.data() + 8, header.data(), header.size());
    return bytes;
}

/// The message with which decode rejects; empty if it accepts. Anything but Error(data) passes through.
inline std::string rejection(std::span<const std::byte> bytes, Checksums checksums) {
    try {
        decode(bytes, "some.file", checksums);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) throw;
        return error.what();
    }
    return "";
}

}  // namespace glissade::test
