// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/train/store.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::test {

/// A checkpoint's content that shows by itself which step it belongs to and whether it is whole.
inline std::string text_at(std::int64_t step) {
    std::string text = "checkpoint of step " + std::to_string(step) + ": ";
    for (std::int64_t i = 0; i < 400; ++i) text += std::to_string((step + 1) * (i + 3)) + " ";
    return text;
}

inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void validate(std::span<const std::byte> bytes, const std::string& path) {
    const std::string digits = path.substr(path.find_last_of('-') + 1, 12);
    const bool whole =
        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) && text_of(bytes) == text_at(std::stoll(digits));
    if (!whole) fail(ErrorKind::data, path + ": checksum mismatch");
}

/// A store with whole checkpoints of the steps 100, 200 and 300, of which it keeps 3, and a temporary that a dead writer left.
inline void fill(const ScratchDirectory& scratch) {
    const CheckpointStore store(posix_io(), scratch.path());
    for (const std::int64_t step : {100, 200, 300}) put(store.path_of(step), text_at(step));
    put(store.path_of(50) + ".tmp-1-1", "left by a dead writer");
}

}  // namespace glissade::test
