// SPDX-License-Identifier: Apache-2.0
#include "host/export/event_file.hpp"

#include <array>

#include "host/export/protobuf.hpp"

namespace glissade {

namespace {

enum EventField { wall_time = 1, step_at = 2, file_version = 3, summary_at = 5, session_log = 7 };

std::array<std::uint32_t, 256> crc_table() {
    constexpr std::uint32_t reversed_polynomial = 0x82f63b78;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? reversed_polynomial : 0);
        table[byte] = crc;
    }
    return table;
}

/// A checksum of data that holds checksums is turned and moved, so that it is none of theirs.
std::uint32_t masked_crc(std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

std::string framed(const ProtoMessage& event) {
    std::string record;
    append_little_endian(record, event.bytes().size(), 8);
    append_little_endian(record, masked_crc(record), 4);
    record += event.bytes();
    append_little_endian(record, masked_crc(event.bytes()), 4);
    return record;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    static const std::array<std::uint32_t, 256> table = crc_table();
    std::uint32_t crc = ~std::uint32_t{0};
    for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}

std::string event_file_head(double wall_seconds) {
    ProtoMessage event;
    event.add_double(wall_time, wall_seconds);
    event.add_bytes(file_version, "brain.Event:2");
    return framed(event);
}

std::string event_record(double wall_seconds, std::int64_t step, std::span<const EventScalar> scalars) {
    ProtoMessage summary;
    for (const EventScalar& scalar : scalars) {
        ProtoMessage value;
        value.add_bytes(1, scalar.tag);
        value.add_float(2, static_cast<float>(scalar.value));  // simple_value
        summary.add_message(1, value);
    }
    ProtoMessage event;
    event.add_double(wall_time, wall_seconds);
    event.add_int(step_at, step);
    event.add_message(summary_at, summary);
    return framed(event);
}

std::string event_restart(double wall_seconds, std::int64_t step) {
    ProtoMessage start;
    start.add_int(1, 1);  // status: START
    ProtoMessage event;
    event.add_double(wall_time, wall_seconds);
    event.add_int(step_at, step);
    event.add_message(session_log, start);
    return framed(event);
}

}  // namespace glissade
