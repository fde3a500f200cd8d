// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "host/data/array_file.hpp"

namespace glissade {
namespace {

std::optional<ElementType> type_of_code(char code) {
    switch (code) {
        case '\x08':
            return ElementType::u8;
        case '\x09':
            return ElementType::i8;
        case '\x0b':
            return ElementType::i16;
        case '\x0c':
            return ElementType::i32;
        case '\x0d':
            return ElementType::f32;
        case '\x0e':
            return ElementType::f64;
        default:
            return std::nullopt;
    }
}

}  // namespace

bool looks_like_idx(std::string_view bytes) {
    return bytes.size() >= 8 && bytes[0] == '\0' && bytes[1] == '\0' && type_of_code(bytes[2]) && bytes[3] >= 1 && bytes[3] <= 8;
}

Table read_idx(std::shared_ptr<const InputFile> file, const ReadOptions& /*options*/, const ColumnPlanner& /*planner*/) {
    const std::string_view bytes = file->bytes();
    if (bytes.size() < 4 || bytes[0] != '\0' || bytes[1] != '\0')
        fail(ErrorKind::data, file->name() + ": not an IDX file (it does not begin with two zero bytes)");
    const auto type = type_of_code(bytes[2]);
    if (!type)
        fail(ErrorKind::data, file->name() + ": IDX type code " + std::to_string(static_cast<unsigned char>(bytes[2])) + " is not known");
    const auto dimensions = static_cast<std::size_t>(static_cast<unsigned char>(bytes[3]));
    if (dimensions < 1 || dimensions > 8)
        fail(ErrorKind::data, file->name() + ": an IDX file of " + std::to_string(dimensions) + " dimensions");
    const std::size_t offset = 4 + 4 * dimensions;
    if (bytes.size() < offset) fail(ErrorKind::data, file->name() + ": the IDX file is cut short in its header");
    std::vector<std::int64_t> shape;
    for (std::size_t at = 4; at < offset; at += 4) {
        std::int64_t size = 0;
        for (std::size_t k = 0; k < 4; ++k) size = size * 256 + static_cast<unsigned char>(bytes[at + k]);
        shape.push_back(size);
    }
    ArrayTable table;
    table.type = *type;
    table.big_endian = true;
    set_shape(*file, shape, static_cast<std::int64_t>(offset), table);
    return {std::move(file), "idx", table};
}

}  // namespace glissade
