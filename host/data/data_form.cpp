// SPDX-License-Identifier: Apache-2.0
#include "host/data/data_form.hpp"

#include <algorithm>
#include <limits>

#include "glissade/dataset.hpp"
#include "host/data/memory_budget.hpp"

namespace glissade {
namespace {

/// The line of the first row that has an entry in the last column.
std::int64_t widest_line(const SparseTable& sparse) {
    for (std::int64_t r = 0; r < sparse.rows(); ++r) {
        const auto indices = sparse.row(r).indices;
        if (!indices.empty() && std::int64_t{indices.back()} + 1 == sparse.columns) return sparse.lines[static_cast<std::size_t>(r)];
    }
    return sparse.lines.front();
}

std::int64_t dense_bytes(std::int64_t rows, std::int64_t columns, RealType type) {
    std::int64_t bytes = 0;
    const bool overflow = __builtin_mul_overflow(rows, padded_stride(columns, type) * real_bytes(type), &bytes);
    return overflow ? std::numeric_limits<std::int64_t>::max() : bytes;
}

std::int64_t sparse_bytes(const SparseTable& sparse, RealType type) {
    return (sparse.rows() + 1) * 8 + sparse.entries() * (4 + real_bytes(type));
}

}  // namespace

std::int64_t most_dense_bytes(std::int64_t file_bytes) {
    return std::max(std::int64_t{1} << 30, 64 * file_bytes);
}

DataForm choose_form(const Table& table, const FormRequest& request) {
    const auto& sparse = std::get<SparseTable>(table.content);
    const auto file_bytes = static_cast<std::int64_t>(table.file->bytes().size());
    const std::int64_t dense = dense_bytes(sparse.rows(), request.columns, request.type), few = sparse_bytes(sparse, request.type);
    const bool allowed = request.any_size || dense <= most_dense_bytes(file_bytes);
    const std::string size = std::to_string(sparse.rows()) + " rows by " + std::to_string(request.columns) + " columns take " +
                             readable_bytes(dense) + " as a dense matrix";
    if (request.sparse == Toggle::off && !allowed) {
        fail(ErrorKind::memory, table.file->name() + ", line " + std::to_string(widest_line(sparse)) + ": feature index " +
                                    std::to_string(sparse.columns) + " makes the table so wide that " + size + ", of a file of " +
                                    readable_bytes(file_bytes) +
                                    "; --sparse auto keeps the rows sparse; if a dense matrix is meant, --memory-limit with more than this "
                                    "allows it");
    }
    DataForm form;
    const bool prefers_dense = allowed && dense <= request.room_bytes && dense / dense_preference <= few;
    form.sparse = request.sparse == Toggle::on || (request.sparse == Toggle::automatic && !prefers_dense);
    form.note = table.file->name() + ": " + size + ", " + readable_bytes(few) + " as sparse rows: " +
                (request.sparse != Toggle::automatic ? (form.sparse ? "sparse, as asked" : "dense, as asked")
                 : form.sparse                       ? "kept sparse (--sparse off makes them dense)"
                                                     : "made dense (--sparse on keeps them sparse)");
    return form;
}

void refuse_wide_model(const Table& table, const FormRequest& request) {
    constexpr std::int64_t vectors = 4;  // weights, gradient, the two moments of adam
    const auto& sparse = std::get<SparseTable>(table.content);
    const std::int64_t bytes = request.columns * vectors * real_bytes(request.type);
    const auto file_bytes = static_cast<std::int64_t>(table.file->bytes().size());
    if (bytes <= request.room_bytes && (request.any_size || bytes <= most_dense_bytes(file_bytes))) return;
    fail(ErrorKind::memory, table.file->name() + ", line " + std::to_string(widest_line(sparse)) + ": feature index " +
                                std::to_string(sparse.columns) + " makes the model so wide that it takes " + readable_bytes(bytes) +
                                " in training, of a file of " + readable_bytes(file_bytes) +
                                "; if that is meant, --memory-limit with more than this allows it");
}

void check_form_flags(const Table& table, const LoadOptions& options) {
    const std::string& file = table.file->name();
    const bool is_hashed = table.format == "vw" || options.hash_bits > 0;
    if (options.hash_bits > 0 && table.format == "libsvm")
        fail(ErrorKind::usage, file + " is libsvm, whose columns are numbered: there is nothing to hash, leave --hash-bits out");
    if (options.hash_bits > 0 && std::holds_alternative<ArrayTable>(table.content))
        fail(ErrorKind::usage, file + " holds numbers only: there is nothing to hash, leave --hash-bits out");
    if (options.sparse == Toggle::off && is_hashed)
        fail(ErrorKind::usage, file + ": hashed columns are sparse; --sparse off does not apply");
    if (options.sparse == Toggle::on && !is_hashed && table.format != "libsvm")
        fail(ErrorKind::usage, file + " is a dense table: --sparse on is for libsvm, vw and hashed text (--hash-bits)");
}

}  // namespace glissade
