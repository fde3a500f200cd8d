// SPDX-License-Identifier: Apache-2.0
#include "host/data/table.hpp"

#include <algorithm>

#include "host/data/array_file.hpp"
#include "host/data/number.hpp"

namespace glissade {

const TextChunk& TextTable::chunk_of(std::int64_t row) const {
    const auto after =
        std::upper_bound(chunks.begin(), chunks.end(), row, [](std::int64_t r, const TextChunk& c) { return r < c.first_row; });
    return *(after - 1);
}

double TextTable::cell(std::int64_t row, std::int64_t column) const {
    const TextChunk& chunk = chunk_of(row);
    const TextColumn& of = columns[static_cast<std::size_t>(column)];
    if (of.use == ColumnUse::number) return chunk.values[static_cast<std::size_t>((row - chunk.first_row) * number_columns + of.slot)];
    const std::uint32_t code = chunk.codes[static_cast<std::size_t>((row - chunk.first_row) * text_columns + of.slot)];
    return code == missing_code ? missing_number : code;
}

std::string TextTable::where(std::int64_t row, std::int64_t column) const {
    const TextColumn& of = columns[static_cast<std::size_t>(column)];
    if (head.in_memory)
        return head.file + ", row " + std::to_string(row) + ", column " + (head.has_header ? quoted(of.name) : "index " + of.name);
    const TextChunk& chunk = chunk_of(row);
    const std::int64_t line = chunk.first_line + chunk.lines[static_cast<std::size_t>(row - chunk.first_row)];
    std::string place = head.file + ", line " + std::to_string(line) + ", column " + std::to_string(column + 1);
    if (head.has_header) place += " (" + quoted(of.name) + ")";
    return place;
}

SparseTable::Row SparseTable::row(std::int64_t r) const {
    const auto after =
        std::upper_bound(chunks.begin(), chunks.end(), r, [](std::int64_t row, const SparseChunk& c) { return row < c.first_row; });
    const SparseChunk& chunk = *(after - 1);
    const auto place = static_cast<std::size_t>(r - chunk.first_row);
    const auto begin = static_cast<std::size_t>(place == 0 ? 0 : chunk.ends[place - 1]);
    const std::size_t count = static_cast<std::size_t>(chunk.ends[place]) - begin;
    const auto values = chunk.values.empty() ? std::span<const double>() : std::span(chunk.values).subspan(begin, count);
    return {std::span(chunk.indices).subspan(begin, count), values};
}

std::int64_t SparseTable::entries() const {
    std::int64_t count = 0;
    for (const SparseChunk& chunk : chunks) count += std::ssize(chunk.indices);
    return count;
}

std::int64_t Table::rows() const {
    if (const auto* text = std::get_if<TextTable>(&content)) return text->rows;
    if (const auto* array = std::get_if<ArrayTable>(&content)) return array->rows;
    return std::get<SparseTable>(content).rows();
}

std::string Table::where(std::int64_t row, std::int64_t column) const {
    if (const auto* text = std::get_if<TextTable>(&content)) return text->where(row, column);
    if (const auto* sparse = std::get_if<SparseTable>(&content)) {
        const std::string line = file->name() + ", line " + std::to_string(sparse->lines[static_cast<std::size_t>(row)]);
        return line + (sparse->hash_bits > 0 ? ", hashed column " + std::to_string(column) : ", feature " + std::to_string(column + 1));
    }
    return file->name() + ", row " + std::to_string(row) + ", column " + std::to_string(column) + " (counted from 0)";
}

void set_shape(const InputFile& file, std::span<const std::int64_t> shape, std::int64_t offset, ArrayTable& table) {
    if (shape.empty()) fail(ErrorKind::data, file.name() + ": the array has no dimensions");
    std::string text;
    std::int64_t columns = 1, bytes = element_bytes(table.type);
    bool overflow = false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : " x ") + std::to_string(shape[i]);
        if (shape[i] == 0) fail(ErrorKind::data, file.name() + ": the array is empty (dimension " + std::to_string(i) + " is 0)");
        overflow = overflow || __builtin_mul_overflow(bytes, shape[i], &bytes);
        if (i > 0) overflow = overflow || __builtin_mul_overflow(columns, shape[i], &columns);
    }
    const std::int64_t there = static_cast<std::int64_t>(file.bytes().size()) - offset;
    if (overflow || bytes != there) {
        const std::string needed = overflow ? "more bytes than a file can hold" : std::to_string(bytes) + " bytes";
        fail(ErrorKind::data, file.name() + ": an array of " + text + " takes " + needed + "; the file has " + std::to_string(there) +
                                  " behind its header" + (!overflow && there > bytes ? " (trailing bytes)" : " (cut short)"));
    }
    table.rows = shape[0];
    table.columns = columns;
    table.data = file.bytes().data() + offset;
}

}  // namespace glissade
