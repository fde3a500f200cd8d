// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "glissade/matrix_view.hpp"
#include "host/data/load.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Bytes that a sparse file's dense form may take without being asked for: 1 GiB, or 64 times the file.
std::int64_t most_dense_bytes(std::int64_t file_bytes);

/// How many times as large as sparse rows a dense matrix may be for it to be preferred: below one nonzero in sixteen (of float32) the few
/// entries of a row are faster than all of its columns.
constexpr std::int64_t dense_preference = 8;

/// Whether the rows of a sparse table are kept sparse, and why, for a note.
struct DataForm {
    bool sparse = false;
    std::string note;
};

struct FormRequest {
    Toggle sparse = Toggle::automatic;  ///< a dense form is refused, not avoided, where it is asked for (`off`) and too large
    std::int64_t columns = 0;           ///< of the matrix
    RealType type = RealType::float32;
    bool any_size = false;        ///< a dense form may exceed `most_dense_bytes`
    std::int64_t room_bytes = 0;  ///< memory that is left
};

/// Throws Error(memory), with the line that makes the table so wide, for a dense form that is asked for and is more than allowed.
DataForm choose_form(const Table& table, const FormRequest& request);

/// One mistyped index must not take the machine's memory: throws Error(memory), with its line, if weights, gradient and the state of a rule
/// for as many columns as a sparse table has take more than `most_dense_bytes` (unless `any_size`) or than the room there is.
void refuse_wide_model(const Table& table, const FormRequest& request);

/// Throws Error(usage) if `--sparse` and `--hash-bits` do not fit the file.
void check_form_flags(const Table& table, const LoadOptions& options);

}  // namespace glissade
