// SPDX-License-Identifier: Apache-2.0
#include "host/export/protobuf.hpp"

#include <bit>

namespace glissade {

namespace {
enum WireType { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };
}  // namespace

void append_little_endian(std::string& bytes, std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i, value >>= 8) bytes += static_cast<char>(value & 0xff);
}

void ProtoMessage::add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
}

void ProtoMessage::add_tag(int field, int wire_type) {
    add_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

void ProtoMessage::add_int(int field, std::int64_t value) {
    add_tag(field, varint);
    add_varint(static_cast<std::uint64_t>(value));
}

void ProtoMessage::add_float(int field, float value) {
    add_tag(field, fixed32);
    append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value), 4);
}

void ProtoMessage::add_double(int field, double value) {
    add_tag(field, fixed64);
    append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value), 8);
}

void ProtoMessage::add_bytes(int field, std::string_view bytes) {
    add_tag(field, length_delimited);
    add_varint(bytes.size());
    bytes_ += bytes;
}

}  // namespace glissade
