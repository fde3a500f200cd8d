// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// Reads a NumPy array file: versions 1 to 3, C order, one of the plain number types; one or more dimensions, of which the first counts
/// rows and the rest are taken as one. Strict: the file must end where the array does. Error(data) otherwise.
Table read_npy(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner);

/// Reads an IDX file (MNIST's format) in the same way.
Table read_idx(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner);

bool looks_like_npy(std::string_view bytes);
bool looks_like_idx(std::string_view bytes);

/// Fills rows and columns of `table` from the shape in the file, and its data from the bytes at `offset`, which must fit exactly.
void set_shape(const InputFile& file, std::span<const std::int64_t> shape, std::int64_t offset, ArrayTable& table);

}  // namespace glissade
