// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/train/safetensors.hpp"

namespace glissade {

/// One entry of a safetensors header as it stands there, before offsets are compared with the file.
struct TensorEntry {
    std::string name;
    DType dtype = DType::u8;
    std::vector<std::int64_t> shape;
    std::int64_t begin = 0;  ///< offsets from the first byte after the header
    std::int64_t end = 0;
};

struct JsonHeader {
    std::map<std::string, std::string> metadata;
    std::vector<TensorEntry> tensors;  ///< as the header orders them
};

/// Strict: objects of exactly the format's keys, each once, integers without sign, fraction or exponent. Memory is in proportion to
/// `text`. Throws Error(data) "<where>: header: ..." or "<where>: tensor 'w': ...".
JsonHeader parse_json_header(std::string_view text, const std::string& where);

/// A name out of a file, fit for a message: shortened, anything but printable ASCII replaced by '?'.
std::string shown(std::string_view name);

std::optional<DType> dtype_from_name(std::string_view name);

}  // namespace glissade
