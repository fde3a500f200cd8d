// SPDX-License-Identifier: Apache-2.0
#include "host/data/sparse_source.hpp"

#include <algorithm>
#include <cmath>

#include "host/data/feature_hash.hpp"

namespace glissade {
namespace {

class TableRows : public SparseSource {
public:
    TableRows(const Table& table, std::int64_t columns, const ColumnAffine& affine)
        : table_(table), sparse_(std::get<SparseTable>(table.content)), columns_(columns), affine_(affine) {}
    std::int64_t columns() const override { return columns_; }
    void read(std::int64_t row, SparseRow& out) const override {
        const SparseTable::Row entries = sparse_.row(row);
        out.entries.resize(entries.indices.size());
        for (std::size_t i = 0; i < out.entries.size(); ++i) out.entries[i] = {entries.indices[i], entries.value(i)};
    }
    std::int64_t count(std::int64_t row, SparseRow& /*scratch*/) const override { return std::ssize(sparse_.row(row).indices); }
    const ColumnAffine& affine() const override { return affine_; }
    std::string where(std::int64_t row, std::int64_t column) const override { return table_.where(row, column); }

private:
    const Table& table_;
    const SparseTable& sparse_;
    std::int64_t columns_;
    ColumnAffine affine_;
};

/// The keys of the words of a column, and behind them that of a missing cell: the column has the name that it had in training.
std::vector<std::uint64_t> keys_of(const CellReader& cells, std::size_t c, const SourceColumn& column) {
    const auto& text = std::get<TextTable>(cells.table().content);
    const std::uint64_t seed = space_seed(column.name);
    std::vector<std::uint64_t> keys;
    for (const std::string& word : text.columns[static_cast<std::size_t>(cells.positions()[c])].dictionary)
        keys.push_back(feature_key(seed, word));
    keys.push_back(feature_key(seed, ""));
    return keys;
}

class HashedRows : public SparseSource {
public:
    HashedRows(CellReader cells, const Preparation& preparation)
        : cells_(std::move(cells)), columns_(preparation.columns), hash_bits_(preparation.hash_bits) {
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const SourceColumn& column = columns_[c];
            words_.emplace_back();
            if (column.kind == ColumnKind::hashed) {
                for (const std::uint64_t key : keys_of(cells_, c, column)) words_[c].push_back(entry_of(key));
                continue;
            }
            add_number_column(c, column.scale, column.shift);
            if (column.has_indicator) add_number_column(c, 1, 0);
        }
        for (std::vector<SparseEntry>& words : words_) {
            for (SparseEntry& entry : words) entry.column += static_cast<std::uint32_t>(owners_.size());
        }
    }

    std::int64_t columns() const override { return static_cast<std::int64_t>(owners_.size()) + (std::int64_t{1} << hash_bits_); }

    void read(std::int64_t row, SparseRow& out) const override {
        out.cells.resize(columns_.size());
        cells_.read(row, out.cells.data());
        out.entries.clear();
        std::uint32_t number = 0;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            if (columns_[c].kind != ColumnKind::hashed) add_number(columns_[c], out.cells[c], number, out.entries);
        }
        const std::size_t numbers = out.entries.size();
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            if (columns_[c].kind != ColumnKind::hashed) continue;
            const double cell = out.cells[c];
            out.entries.push_back(std::isnan(cell) ? words_[c].back() : words_[c][static_cast<std::size_t>(cell)]);
        }
        add_up(out.entries, numbers);
    }

    std::int64_t count(std::int64_t row, SparseRow& scratch) const override {
        read(row, scratch);
        return std::ssize(scratch.entries);
    }

    const ColumnAffine& affine() const override { return affine_; }

    std::string where(std::int64_t row, std::int64_t column) const override {
        if (column >= static_cast<std::int64_t>(owners_.size())) return cells_.table().file->name() + ", row " + std::to_string(row + 1);
        return cells_.table().where(row, cells_.positions()[owners_[static_cast<std::size_t>(column)]]);
    }

private:
    SparseEntry entry_of(std::uint64_t key) const { return {hashed_column(key, hash_bits_), hashed_sign(key)}; }

    void add_number_column(std::size_t owner, double scale, double shift) {
        owners_.push_back(owner);
        affine_.scale.push_back(scale);
        affine_.shift.push_back(shift);
    }

    /// Adds what a column of numbers becomes in the matrix, from column `number` on, which moves on.
    static void add_number(const SourceColumn& column, double cell, std::uint32_t& number, std::vector<SparseEntry>& out) {
        const bool is_missing = std::isnan(cell);
        const double value = is_missing ? column.fill : cell;
        if (value * column.scale + column.shift != 0) out.push_back({number, value});
        ++number;
        if (!column.has_indicator) return;
        if (is_missing) out.push_back({number, 1});
        ++number;
    }

    /// Sorts the entries from `first` on and adds up those of the same column: sums of 1 and -1, exact in any order.
    static void add_up(std::vector<SparseEntry>& entries, std::size_t first) {
        std::sort(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.end(),
                  [](const SparseEntry& a, const SparseEntry& b) { return a.column < b.column; });
        std::size_t kept = first;
        for (std::size_t i = first; i < entries.size();) {
            SparseEntry sum = entries[i++];
            while (i < entries.size() && entries[i].column == sum.column) sum.value += entries[i++].value;
            if (sum.value != 0) entries[kept++] = sum;
        }
        entries.resize(kept);
    }

    CellReader cells_;
    std::vector<SourceColumn> columns_;
    int hash_bits_;
    std::vector<std::size_t> owners_;  ///< source column of each matrix column that holds numbers
    ColumnAffine affine_;
    std::vector<std::vector<SparseEntry>> words_;  ///< of each hashed column: entries of the words of its dictionary, and of no word
};

}  // namespace

std::unique_ptr<SparseSource> sparse_rows(const Table& table, std::int64_t columns, const ColumnAffine& affine) {
    return std::make_unique<TableRows>(table, columns, affine);
}

std::unique_ptr<SparseSource> hashed_rows(CellReader cells, const Preparation& preparation) {
    return std::make_unique<HashedRows>(std::move(cells), preparation);
}

KeyCounts count_hashed_cells(const CellReader& cells, const Preparation& preparation) {
    KeySet keys;
    for (std::size_t c = 0; c < preparation.columns.size(); ++c) {
        if (preparation.columns[c].kind != ColumnKind::hashed) continue;
        std::vector<std::uint64_t> of_column = keys_of(cells, c, preparation.columns[c]);
        if (std::get<TextTable>(cells.table().content).columns[static_cast<std::size_t>(cells.positions()[c])].missing == 0)
            of_column.pop_back();
        for (const std::uint64_t key : of_column) keys.insert(key);
    }
    return count_keys(keys.keys(), preparation.hash_bits);
}

}  // namespace glissade
