// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glissade {

/// The safetensors layout: 8 bytes little-endian header length, a JSON header, the tensors' bytes without holes (row-major, little-endian).
///
/// Files that we write carry XXH3-128 checksums, as 32 hexadecimal digits, in the header's `__metadata__`, so that no changed byte
/// passes. The keys begin with "xxh3:", which other metadata must not:
///   xxh3:header         the first entry of the header. Covers the length field and all header bytes, its own 32 digits read as '0'
///   xxh3:tensors        the number of tensors
///   xxh3:tensor:<name>  covers that tensor's bytes
/// The header is padded with spaces so that the tensors begin at a multiple of 8, and tensors lie in descending order of element
/// size, so that each is aligned to its elements.

enum class DType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

/// "F32" and so on, as the format spells it.
std::string_view dtype_name(DType dtype);
std::int64_t dtype_bytes(DType dtype);

struct Tensor {
    std::string name;
    DType dtype = DType::u8;
    std::vector<std::int64_t> shape;  ///< empty for a scalar
    std::vector<std::byte> bytes;     ///< product(shape) * dtype_bytes
};

struct TensorFile {
    std::map<std::string, std::string> metadata;
    std::vector<Tensor> tensors;
};

/// Longest header that is read or written.
constexpr std::int64_t max_header_bytes = std::int64_t{64} << 20;

/// The file's bytes. Equal contents in equal order give equal bytes. Throws Error(usage) where a name repeats or is reserved, text is
/// not UTF-8, a shape does not fit its bytes, or the header would be too long. Memory: the size of the file once more.
std::vector<std::byte> encode(const TensorFile& file);

/// Files of others carry no checksums. `optional` takes them; a file with any of ours is held to all of them either way.
enum class Checksums { required, optional };

/// The contents, tensors in the order in which they lie in the file, our own checksum entries taken out of the metadata.
/// The whole header is checked before anything is allocated for a tensor: lengths and products without overflow, tensors
/// that tile the file exactly, no unknown or repeated key, no trailing byte.
/// Throws Error(data) "<file_name>: header: ..." or "<file_name>: tensor 'w': ...".
TensorFile decode(std::span<const std::byte> bytes, const std::string& file_name, Checksums checksums = Checksums::required);

}  // namespace glissade
