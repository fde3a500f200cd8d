// SPDX-License-Identifier: Apache-2.0
#include "host/data/sparse_lines.hpp"

#include <algorithm>

#include "host/data/parallel.hpp"
#include "host/data/text_split.hpp"

namespace glissade {
namespace {

/// Throws the first fault of the file.
void check_pieces(const InputFile& file, const std::vector<SparsePiece>& pieces) {
    std::int64_t line = 1;
    std::optional<std::int64_t> blank;
    for (const SparsePiece& piece : pieces) {
        if (blank && (!piece.labels.empty() || piece.fault))
            fail(ErrorKind::data, at_text(file.name(), *blank, 1, "a blank line between rows"));
        if (piece.fault) fail(ErrorKind::data, at_text(file.name(), piece.fault->line + line, piece.fault->column, piece.fault->message));
        if (!blank && piece.open_blank) blank = line + *piece.open_blank;
        line += piece.line_ends;
    }
}

/// Makes the pieces one table and empties them.
SparseTable join(std::vector<SparsePiece>& pieces) {
    SparseTable table;
    std::int64_t line = 1;
    for (SparsePiece& piece : pieces) {
        const std::int64_t first = table.rows();
        table.labels.insert(table.labels.end(), piece.labels.begin(), piece.labels.end());
        for (const std::int64_t row_line : piece.lines) table.lines.push_back(line + row_line);
        if (!piece.weights.empty()) {
            table.weights.resize(static_cast<std::size_t>(first), 1);
            table.weights.insert(table.weights.end(), piece.weights.begin(), piece.weights.end());
        }
        table.columns = std::max(table.columns, piece.columns);
        for (const auto& [value, text] : piece.spelling) table.spelling.try_emplace(value, text);
        line += piece.line_ends;
        piece.entries.first_row = first;
        if (!piece.labels.empty()) table.chunks.push_back(std::move(piece.entries));
        piece = SparsePiece();
    }
    if (!table.weights.empty()) table.weights.resize(table.labels.size(), 1);
    return table;
}

KeyCounts merge_keys(const std::vector<SparsePiece>& pieces, int hash_bits) {
    KeySet all;
    for (const SparsePiece& piece : pieces) {
        for (const std::uint64_t key : piece.keys) all.insert(key);
    }
    return count_keys(all.keys(), hash_bits);
}

}  // namespace

std::int64_t SparsePiece::bytes() const {
    return static_cast<std::int64_t>(entries.indices.size() * 4 + entries.values.size() * 8 + labels.size() * 24 + weights.size() * 8 +
                                     keys.size() * 8);
}

SparseTable read_sparse_lines(const InputFile& file, const ReadOptions& options, const SparseLayout& layout,
                              const std::function<void(std::string_view, SparsePiece&)>& read) {
    std::string_view text = file.bytes();
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const std::vector<std::string_view> texts = split_lines(text);
    std::vector<SparsePiece> pieces(texts.size());
    parallel_for(static_cast<std::int64_t>(texts.size()), options.threads, [&](std::int64_t i) {
        SparsePiece& piece = pieces[static_cast<std::size_t>(i)];
        const std::int64_t most = static_cast<std::int64_t>(texts[static_cast<std::size_t>(i)].size()) * layout.bytes_a_character;
        options.budget->take(most, file.name() + ": the table");
        read(texts[static_cast<std::size_t>(i)], piece);
        options.budget->give_back(most - piece.bytes());
    });
    check_pieces(file, pieces);
    const KeyCounts keys = layout.hash_bits > 0 ? merge_keys(pieces, layout.hash_bits) : KeyCounts();
    SparseTable table = join(pieces);
    table.keys = keys;
    table.hash_bits = layout.hash_bits;
    if (layout.hash_bits > 0) table.columns = std::int64_t{1} << layout.hash_bits;
    if (table.rows() == 0) fail(ErrorKind::data, file.name() + ": the file has no rows");
    return table;
}

}  // namespace glissade
