// SPDX-License-Identifier: Apache-2.0
#include "host/data/dense_form.hpp"

#include <algorithm>
#include <limits>

#include "glissade/dataset.hpp"
#include "host/data/memory_budget.hpp"

namespace glissade {
namespace {

/// The line of the first row that has an entry in the last column.
std::int64_t widest_line(const SparseTable& sparse) {
    for (std::size_t r = 0; r < sparse.lines.size(); ++r) {
        const auto end = static_cast<std::size_t>(sparse.offsets[r + 1]);
        if (sparse.offsets[r + 1] > sparse.offsets[r] && sparse.indices[end - 1] + 1 == sparse.columns) return sparse.lines[r];
    }
    return sparse.lines.front();
}

}  // namespace

std::int64_t most_dense_bytes(std::int64_t file_bytes) {
    return std::max(std::int64_t{1} << 30, 64 * file_bytes);
}

std::string dense_form(const Table& table, RealType type, bool any_size) {
    const auto& sparse = std::get<SparseTable>(table.content);
    const auto file_bytes = static_cast<std::int64_t>(table.file->bytes().size());
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(sparse.rows(), padded_stride(sparse.columns, type) * real_bytes(type), &bytes))
        bytes = std::numeric_limits<std::int64_t>::max();
    const std::string size = std::to_string(sparse.rows()) + " rows by " + std::to_string(sparse.columns) + " columns take " +
                             readable_bytes(bytes) + " as a dense matrix";
    if (any_size || bytes <= most_dense_bytes(file_bytes)) return table.file->name() + ": " + size;
    fail(ErrorKind::memory, table.file->name() + ", line " + std::to_string(widest_line(sparse)) + ": feature index " +
                                std::to_string(sparse.columns) + " makes the table so wide that " + size + ", of a file of " +
                                readable_bytes(file_bytes) + "; if that is meant, --memory-limit with more than this allows it");
}

}  // namespace glissade
