// SPDX-License-Identifier: Apache-2.0
#include "host/data/columns.hpp"

#include <algorithm>
#include <cmath>

#include "host/data/number.hpp"
#include "host/data/parallel.hpp"
#include "host/data/scaling.hpp"

namespace glissade {
namespace {

/// Calls `use(row, cells)` for each of the rows.
template <class Use>
void for_each_row(const CellReader& reader, std::span<const std::int64_t> rows, const Use& use) {
    std::vector<double> cells(reader.positions().size());
    for (const std::int64_t row : rows) {
        reader.read(row, cells.data());
        use(row, cells.data());
    }
}

std::vector<std::int64_t> all_rows(const Table& table) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(table.rows()));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    return rows;
}

/// Sums over the cells of each column that are not missing; `tallies` counts categories.
struct CellSums {
    std::vector<double> sums;
    std::vector<std::int64_t> counts;
    std::vector<std::vector<std::int64_t>> tallies;
};

std::string name_of(const Table& table, std::int64_t position) {
    const auto* text = std::get_if<TextTable>(&table.content);
    if (text == nullptr || !text->head.has_header) return "column index " + std::to_string(position);
    return "column " + quoted(text->columns[static_cast<std::size_t>(position)].name);
}

/// What some rows hold in each column: which words of a text column's dictionary, and how many missing cells.
struct MetCells {
    std::vector<std::vector<char>> words;
    std::vector<std::int64_t> missing;
};

std::size_t words_in(const CellReader& cells, std::size_t c) {
    const auto* text = std::get_if<TextTable>(&cells.table().content);
    return text == nullptr ? 0 : text->columns[static_cast<std::size_t>(cells.positions()[c])].dictionary.size();
}

MetCells meet_share(const CellReader& cells, std::span<const std::int64_t> rows) {
    MetCells met{{}, std::vector<std::int64_t>(cells.positions().size())};
    for (std::size_t c = 0; c < cells.positions().size(); ++c) met.words.emplace_back(words_in(cells, c));
    for_each_row(cells, rows, [&](std::int64_t, const double* row) {
        for (std::size_t c = 0; c < met.missing.size(); ++c) {
            if (std::isnan(row[c])) {
                ++met.missing[c];
            } else if (!met.words[c].empty()) {
                met.words[c][static_cast<std::size_t>(row[c])] = 1;
            }
        }
    });
    return met;
}

MetCells meet_cells(const CellReader& cells, std::span<const std::int64_t> rows, int threads) {
    const std::int64_t shares = std::max(1, threads);  // any number of them gives the same
    std::vector<MetCells> parts(static_cast<std::size_t>(shares));
    parallel_for(shares, threads,
                 [&](std::int64_t share) { parts[static_cast<std::size_t>(share)] = meet_share(cells, share_of(rows, share, shares)); });
    MetCells all = std::move(parts[0]);
    for (std::size_t p = 1; p < parts.size(); ++p) {
        for (std::size_t c = 0; c < all.missing.size(); ++c) {
            all.missing[c] += parts[p].missing[c];
            for (std::size_t k = 0; k < all.words[c].size(); ++k)
                all.words[c][k] = static_cast<char>(all.words[c][k] | parts[p].words[c][k]);
        }
    }
    return all;
}

/// Makes the words met the categories of the column, "?" among them where missing cells are a category.
void learn_categories(const TextColumn& from, const std::vector<char>& met, bool missing_is_category, SourceColumn& column) {
    column.kind = ColumnKind::categorical;
    for (std::size_t k = 0; k < met.size(); ++k) {
        if (met[k] != 0) column.categories.push_back(from.dictionary[k]);
    }
    if (missing_is_category) column.categories.emplace_back("?");
    std::sort(column.categories.begin(), column.categories.end());
    column.categories.erase(std::unique(column.categories.begin(), column.categories.end()), column.categories.end());
}

void refuse_many_categories(const Table& table, const SourceColumn& column) {
    if (column.categories.size() <= most_categories) return;
    fail(ErrorKind::data, table.file->name() + ": column " + quoted(column.name) + " has " + std::to_string(column.categories.size()) +
                              " different words; more than " + std::to_string(most_categories) + " are not one-hot encoded: " +
                              advice_for(table, "--hash-bits 18 hashes text into columns, --drop-columns leaves it out",
                                         "hash_bits=18 hashes text into columns; or leave the column out"));
}

/// Adds up the cells of some rows.
CellSums sum_share(const Preparation& preparation, const CellReader& cells, std::span<const std::int64_t> rows) {
    const std::size_t width = preparation.columns.size();
    CellSums part{std::vector<double>(width), std::vector<std::int64_t>(width), {}};
    std::vector<std::vector<std::int32_t>> categories(width);
    for (std::size_t c = 0; c < width; ++c) {
        part.tallies.emplace_back(preparation.columns[c].categories.size());
        if (preparation.columns[c].kind != ColumnKind::categorical) continue;
        const auto& text = std::get<TextTable>(cells.table().content);
        categories[c] = categories_of_words(text.columns[static_cast<std::size_t>(cells.positions()[c])], preparation.columns[c]);
    }
    for_each_row(cells, rows, [&](std::int64_t, const double* row) {
        for (std::size_t c = 0; c < width; ++c) {
            if (std::isnan(row[c])) continue;
            ++part.counts[c];
            if (preparation.columns[c].kind == ColumnKind::numeric) {
                part.sums[c] += row[c];
            } else if (preparation.columns[c].kind == ColumnKind::categorical) {
                ++part.tallies[c][static_cast<std::size_t>(categories[c][static_cast<std::size_t>(row[c])])];
            }
        }
    });
    return part;
}

/// Adds up the cells of all rows, in shares that do not depend on `threads`.
CellSums sum_cells(const Preparation& preparation, const CellReader& cells, std::span<const std::int64_t> rows, int threads) {
    constexpr std::int64_t shares = 64;
    std::vector<CellSums> parts(shares);
    parallel_for(shares, threads, [&](std::int64_t share) {
        parts[static_cast<std::size_t>(share)] = sum_share(preparation, cells, share_of(rows, share, shares));
    });
    CellSums total = std::move(parts[0]);
    for (std::size_t p = 1; p < parts.size(); ++p) {
        for (std::size_t c = 0; c < total.sums.size(); ++c) {
            total.sums[c] += parts[p].sums[c];
            total.counts[c] += parts[p].counts[c];
            for (std::size_t k = 0; k < total.tallies[c].size(); ++k) total.tallies[c][k] += parts[p].tallies[c][k];
        }
    }
    return total;
}

}  // namespace

std::string advice_for(const Table& table, const std::string& flags, const std::string& words) {
    const auto* text = std::get_if<TextTable>(&table.content);
    return text != nullptr && text->head.in_memory ? words : flags;
}

std::vector<SourceColumn> learn_columns(const CellReader& cells, std::span<const std::int64_t> rows, MissingPolicy missing,
                                        bool hashes_text, int threads) {
    const auto* text = std::get_if<TextTable>(&cells.table().content);
    const bool counts_missing = missing == MissingPolicy::indicator;
    const bool has_text = text != nullptr && text->text_columns > 0;
    const MetCells met = meet_cells(cells, counts_missing || has_text ? rows : std::span<const std::int64_t>(), threads);
    std::vector<SourceColumn> columns;
    for (std::size_t i = 0; i < cells.positions().size(); ++i) {
        const std::int64_t position = cells.positions()[i];
        const bool marks_missing = counts_missing && met.missing[i] > 0;
        SourceColumn column;
        column.position = position;
        column.name = std::to_string(position);
        const TextColumn* const from = text == nullptr ? nullptr : &text->columns[static_cast<std::size_t>(position)];
        if (from != nullptr) column.name = from->name;
        if (from != nullptr && from->use == ColumnUse::text && hashes_text) {
            column.kind = ColumnKind::hashed;
        } else if (from != nullptr && from->use == ColumnUse::text) {
            learn_categories(*from, met.words[i], marks_missing, column);
            refuse_many_categories(cells.table(), column);
        } else {
            column.has_indicator = marks_missing;
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

void learn_fills(Preparation& preparation, const CellReader& cells, std::span<const std::int64_t> rows, int threads) {
    const CellSums sums = sum_cells(preparation, cells, rows, threads);
    const std::vector<std::int64_t> missing = count_missing(cells);
    for (std::size_t c = 0; c < preparation.columns.size(); ++c) {
        SourceColumn& column = preparation.columns[c];
        if (column.kind == ColumnKind::hashed) continue;
        if (sums.counts[c] == 0 && missing[c] > 0) {
            fail(ErrorKind::data, cells.table().file->name() + ": " + name_of(cells.table(), cells.positions()[c]) +
                                      " has no values in the rows to train on: " +
                                      advice_for(cells.table(), "--drop-columns leaves it out", "leave it out"));
        }
        const std::vector<std::int64_t>& tally = sums.tallies[c];
        column.fill = column.kind == ColumnKind::numeric
                          ? sums.sums[c] / static_cast<double>(sums.counts[c])
                          : static_cast<double>(std::max_element(tally.begin(), tally.end()) - tally.begin());
    }
}

std::vector<std::string> learn_features(const CellReader& cells, std::span<const std::int64_t> rows, bool hashes_text, int threads,
                                        Preparation& preparation) {
    const auto* text = std::get_if<TextTable>(&cells.table().content);
    preparation.columns = learn_columns(cells, rows, preparation.missing, hashes_text, threads);
    const auto is_hashed = [](const SourceColumn& column) { return column.kind == ColumnKind::hashed; };
    if (hashes_text && std::none_of(preparation.columns.begin(), preparation.columns.end(), is_hashed))
        fail(ErrorKind::usage, cells.table().file->name() + " has no feature column of text: there is nothing to hash, leave " +
                                   advice_for(cells.table(), "--hash-bits", "hash_bits") + " out");
    learn_fills(preparation, cells, rows, threads);
    std::vector<std::string> notes;
    for (const SourceColumn& column : preparation.columns) {
        if (column.kind == ColumnKind::numeric || text == nullptr) continue;
        const std::string name = text->head.has_header ? "column " + quoted(column.name) : "column index " + column.name;
        const auto count = static_cast<std::int64_t>(column.categories.size());
        notes.push_back(name + ": text, " + (is_hashed(column) ? "hashed" : count_text(count, "one-hot column")));
        const std::int64_t numbers = text->columns[static_cast<std::size_t>(column.position)].numbers;
        if (numbers > 0) notes.push_back(name + ": " + count_text(numbers, "cell") + " of it are numbers, taken as text like the rest");
    }
    return notes;
}

std::vector<std::int64_t> count_missing(const CellReader& cells) {
    std::vector<std::int64_t> counts(cells.positions().size());
    if (const auto* text = std::get_if<TextTable>(&cells.table().content)) {
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = text->columns[static_cast<std::size_t>(cells.positions()[i])].missing;
        return counts;
    }
    if (!std::get<ArrayTable>(cells.table().content).may_hold_non_finite()) return counts;
    for_each_row(cells, all_rows(cells.table()), [&](std::int64_t, const double* row) {
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += std::isnan(row[i]) ? 1 : 0;
    });
    return counts;
}

void refuse_missing(const CellReader& cells) {
    const std::vector<std::int64_t> counts = count_missing(cells);
    std::string listed;
    std::int64_t total = 0, columns = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        total += counts[i];
        if (++columns <= 10)
            listed += (columns == 1 ? "" : ", ") + std::to_string(counts[i]) + " in " + name_of(cells.table(), cells.positions()[i]);
    }
    if (total == 0) return;
    if (columns > 10) listed += ", ...";
    for_each_row(cells, all_rows(cells.table()), [&](std::int64_t row, const double* values) {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            if (!std::isnan(values[i])) continue;
            fail(ErrorKind::data, cells.table().where(row, cells.positions()[i]) + ": a missing cell, the first of " +
                                      std::to_string(total) + " (" + listed + "); " +
                                      advice_for(cells.table(), "say what to do with them: --missing drop, mean or indicator",
                                                 "fill them, or say missing='drop', 'mean' or 'indicator'"));
        }
    });
}

std::vector<std::int64_t> complete_rows(const CellReader& cells) {
    const std::vector<std::int64_t> counts = count_missing(cells);
    std::vector<std::int64_t> rows = all_rows(cells.table());
    if (std::all_of(counts.begin(), counts.end(), [](std::int64_t count) { return count == 0; })) return rows;
    std::vector<std::int64_t> complete;
    for_each_row(cells, rows, [&](std::int64_t row, const double* values) {
        if (std::none_of(values, values + counts.size(), [](double value) { return std::isnan(value); })) complete.push_back(row);
    });
    return complete;
}

std::vector<std::string> check_unknown(const CellReader& cells, std::span<const std::int64_t> rows, const Preparation& preparation,
                                       UnknownPolicy policy) {
    std::vector<std::string> notes;
    const auto* text = std::get_if<TextTable>(&cells.table().content);
    if (text == nullptr) return notes;
    for (std::size_t c = 0; c < preparation.columns.size(); ++c) {
        if (preparation.columns[c].kind != ColumnKind::categorical) continue;
        const TextColumn& column = text->columns[static_cast<std::size_t>(cells.positions()[c])];
        const std::vector<std::int32_t> categories = categories_of_words(column, preparation.columns[c]);
        if (std::none_of(categories.begin(), categories.end(), [](std::int32_t category) { return category < 0; })) continue;
        std::int64_t unknown = 0;
        for (const std::int64_t row : rows) {
            const double word = text->cell(row, cells.positions()[c]);
            if (std::isnan(word) || categories[static_cast<std::size_t>(word)] >= 0) continue;
            ++unknown;
            if (policy == UnknownPolicy::error) {
                fail(ErrorKind::data, text->where(row, cells.positions()[c]) + ": the category " +
                                          quoted(column.dictionary[static_cast<std::size_t>(word)]) + " was not seen in training; " +
                                          advice_for(cells.table(), "--unknown ignore", "unknown='ignore'") +
                                          " takes such cells as no category");
            }
        }
        if (unknown == 0) continue;
        notes.push_back(text->head.file + ": " + std::to_string(unknown) + " cells of " + name_of(cells.table(), cells.positions()[c]) +
                        " hold categories not seen in training; they count as no category");
    }
    return notes;
}

}  // namespace glissade
