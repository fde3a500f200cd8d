// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Records of TensorBoard's event files: messages of tensorflow/core/util/event.proto in the framing of TFRecord. A file is its records one
/// after another, and may grow at its end at any time.
namespace glissade {

/// A number that a run tells of, in TensorBoard's words: "loss/train" stands in the group "loss".
struct EventScalar {
    std::string tag;
    double value = 0;
};

/// The record that a file begins with. Times are seconds since 1970.
std::string event_file_head(double wall_seconds);
/// The scalars of a step.
std::string event_record(double wall_seconds, std::int64_t step, std::span<const EventScalar> scalars);
/// Tells that a run goes on: what other files of the directory say of `step` and later steps is void.
std::string event_restart(double wall_seconds, std::int64_t step);

/// CRC-32C (Castagnoli), as RFC 3720 has it.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace glissade
