// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/train/safetensors.hpp"

namespace glissade {

static_assert(std::endian::native == std::endian::little, "files are little-endian, and so must be the machine");

template <class Real>
constexpr DType dtype_of() {
    return sizeof(Real) == 4 ? DType::f32 : DType::f64;
}

/// A tensor that holds `values`, which must have as many as the shape says.
template <class Real>
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const Real> values) {
    Tensor tensor{std::move(name), dtype_of<Real>(), std::move(shape), {}};
    tensor.bytes.resize(values.size_bytes());
    if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
    return tensor;
}

/// The tensor called `name`; throws Error(data) that names the file if it is missing.
inline const Tensor& find_tensor(const TensorFile& file, const std::string& name, const std::string& file_name) {
    for (const Tensor& tensor : file.tensors)
        if (tensor.name == name) return tensor;
    fail(ErrorKind::data, file_name + ": tensor '" + name + "' is missing");
}

/// Its values; throws Error(data) unless it has this type and exactly `count` values.
template <class Real>
std::vector<Real> read_tensor(const TensorFile& file, const std::string& name, std::size_t count, const std::string& file_name) {
    const Tensor& tensor = find_tensor(file, name, file_name);
    if (tensor.dtype != dtype_of<Real>() || tensor.bytes.size() != count * sizeof(Real))
        fail(ErrorKind::data, file_name + ": tensor '" + name + "': " + std::to_string(count) + " values of " +
                                  std::string(dtype_name(dtype_of<Real>())) + " expected, it holds " + std::to_string(tensor.bytes.size()) +
                                  " bytes of " + std::string(dtype_name(tensor.dtype)));
    std::vector<Real> values(count);
    if (count > 0) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
}

}  // namespace glissade
