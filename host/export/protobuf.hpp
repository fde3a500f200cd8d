// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade {

/// Fields of a protobuf message in the order in which they are added, as the wire format has them
/// (https://protobuf.dev/programming-guides/encoding): what ONNX models and TensorBoard's events are made of.
class ProtoMessage {
public:
    /// int32, int64, bool and enum.
    void add_int(int field, std::int64_t value);
    void add_float(int field, float value);
    void add_double(int field, double value);
    /// string and bytes.
    void add_bytes(int field, std::string_view bytes);
    void add_message(int field, const ProtoMessage& message) { add_bytes(field, message.bytes_); }

    const std::string& bytes() const { return bytes_; }

private:
    void add_tag(int field, int wire_type);
    void add_varint(std::uint64_t value);

    std::string bytes_;
};

/// The `count` lowest bytes of `value`, the lowest first.
void append_little_endian(std::string& bytes, std::uint64_t value, int count);

}  // namespace glissade
