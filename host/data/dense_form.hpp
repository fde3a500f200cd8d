// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "glissade/matrix_view.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Bytes that a sparse file's dense form may take without being asked for: 1 GiB, or 64 times the file.
std::int64_t most_dense_bytes(std::int64_t file_bytes);

/// What a sparse table takes as a dense matrix of `type`, for a note. Throws Error(memory), with the line that makes it so wide, if that is
/// more than `most_dense_bytes` and `any_size` does not allow it.
std::string dense_form(const Table& table, RealType type, bool any_size);

}  // namespace glissade
