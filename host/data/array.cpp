// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "host/data/table.hpp"

namespace glissade {
namespace {

static_assert(std::endian::native == std::endian::little, "array files are read on little-endian machines");

template <class T>
T load_element(const char* place, bool big_endian) {
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), place, sizeof(T));
    if (big_endian) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
}

template <class T>
void read_elements(const char* place, std::int64_t count, bool big_endian, double* out) {
    const auto read = [&](auto big) {
        for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<double>(load_element<T>(place + i * std::int64_t{sizeof(T)}, big));
    };
    big_endian ? read(std::true_type{}) : read(std::false_type{});
}

}  // namespace

std::int64_t element_bytes(ElementType type) {
    switch (type) {
        case ElementType::boolean:
        case ElementType::u8:
        case ElementType::i8:
            return 1;
        case ElementType::u16:
        case ElementType::i16:
            return 2;
        case ElementType::u32:
        case ElementType::i32:
        case ElementType::f32:
            return 4;
        default:
            return 8;
    }
}

void ArrayTable::read(std::int64_t row, std::int64_t column, std::int64_t count, double* out) const {
    const char* const place = data + (row * columns + column) * element_bytes(type);
    switch (type) {
        case ElementType::boolean:
        case ElementType::u8:
            return read_elements<std::uint8_t>(place, count, big_endian, out);
        case ElementType::u16:
            return read_elements<std::uint16_t>(place, count, big_endian, out);
        case ElementType::u32:
            return read_elements<std::uint32_t>(place, count, big_endian, out);
        case ElementType::u64:
            return read_elements<std::uint64_t>(place, count, big_endian, out);
        case ElementType::i8:
            return read_elements<std::int8_t>(place, count, big_endian, out);
        case ElementType::i16:
            return read_elements<std::int16_t>(place, count, big_endian, out);
        case ElementType::i32:
            return read_elements<std::int32_t>(place, count, big_endian, out);
        case ElementType::i64:
            return read_elements<std::int64_t>(place, count, big_endian, out);
        case ElementType::f32:
            return read_elements<float>(place, count, big_endian, out);
        case ElementType::f64:
            return read_elements<double>(place, count, big_endian, out);
    }
}

}  // namespace glissade
