// SPDX-License-Identifier: Apache-2.0
#include "host/data/memory_table.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "host/data/number.hpp"
#include "host/data/parallel.hpp"

namespace glissade {
namespace {

constexpr std::int64_t filled_rows = 1024;  // at a time: a block of them stays in a cache while column after column is put into it

std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

using MissingTexts = std::vector<std::string>;

/// Makes a dictionary of `from.words` and tells the place in it of each.
std::vector<std::uint32_t> take_words(const MemoryColumn& from, const MissingTexts& missing, TextColumn& column) {
    std::vector<std::uint32_t> places;
    std::unordered_map<std::string_view, std::uint32_t> known;
    for (const std::string& text : from.words) {
        const std::string_view word = without_blanks(text);
        if (invalid_utf8_at(word)) fail(ErrorKind::data, "column " + quoted(column.name) + ": " + quoted(word) + " is not valid UTF-8");
        if (word.empty() || std::ranges::find(missing, word) != missing.end()) {
            places.push_back(missing_code);
            continue;
        }
        const auto [place, is_new] = known.try_emplace(word, static_cast<std::uint32_t>(known.size()));
        if (is_new) column.dictionary.emplace_back(word);
        places.push_back(place->second);
    }
    return places;
}

/// Puts the columns of a table side by side, in one chunk.
class TableFiller {
public:
    TableFiller(const MemoryTable& table, std::span<const TakenColumn> columns, const MissingTexts& missing)
        : table_(table), taken_(columns), missing_(missing) {
        out_.head.file = "the table";
        out_.head.in_memory = true;
        out_.head.has_header = table.has_names;
        out_.rows = table.rows;
        for (const std::string& text : missing)
            if (const auto number = whole_number(text)) missing_numbers_.push_back(*number);
        for (const TakenColumn& taken : columns) add_column(taken);
    }

    TextTable fill(int threads, MemoryBudget& budget) {
        budget.take(table_.rows * (out_.number_columns * 8 + out_.text_columns * 4), "a copy of the table");
        TextChunk& chunk = out_.chunks.emplace_back();
        chunk.rows = table_.rows;
        chunk.values.resize(static_cast<std::size_t>(table_.rows * out_.number_columns));
        chunk.codes.resize(static_cast<std::size_t>(table_.rows * out_.text_columns));
        parallel_for((table_.rows + filled_rows - 1) / filled_rows, threads, [&](std::int64_t block) {
            const std::int64_t begin = block * filled_rows, end = std::min(table_.rows, begin + filled_rows);
            for (std::size_t c = 0; c < taken_.size(); ++c) fill_rows(chunk, c, begin, end);
        });
        return std::move(out_);
    }

private:
    void add_column(const TakenColumn& taken) {
        const MemoryColumn& from = *taken.from;
        TextColumn column;
        column.name = table_.name_of(from);
        column.use = taken.is_text ? ColumnUse::text : ColumnUse::number;
        column.slot = taken.is_text ? out_.text_columns++ : out_.number_columns++;
        if (!names_.insert(column.name).second) fail(ErrorKind::data, "two columns are called " + quoted(column.name));
        if (invalid_utf8_at(column.name)) fail(ErrorKind::data, "the name " + quoted(column.name) + " is not valid UTF-8");
        const bool holds_cells = taken.is_text == from.is_text;
        places_.push_back(taken.is_text && holds_cells ? take_words(from, missing_, column) : std::vector<std::uint32_t>());
        if (!holds_cells) {
            column.missing = table_.rows;
        } else if (taken.is_text) {
            column.missing = std::count_if(from.codes.begin(), from.codes.end(), [&](std::int32_t code) {
                return code < 0 || places_.back()[static_cast<std::size_t>(code)] == missing_code;
            });
        } else {
            column.missing = std::count_if(from.numbers.begin(), from.numbers.end(), [&](double number) { return is_missing(number); });
        }
        out_.head.names.push_back(column.name);
        out_.columns.push_back(std::move(column));
    }

    bool is_missing(double number) const {
        return std::isnan(number) || std::ranges::find(missing_numbers_, number) != missing_numbers_.end();
    }

    void fill_rows(TextChunk& chunk, std::size_t c, std::int64_t begin, std::int64_t end) const {
        const MemoryColumn& from = *taken_[c].from;
        const std::int64_t slot = out_.columns[c].slot;
        const bool holds_cells = taken_[c].is_text == from.is_text;
        for (std::int64_t r = begin; r < end; ++r) {
            const auto row = static_cast<std::size_t>(r);
            if (!taken_[c].is_text) {
                chunk.values[static_cast<std::size_t>(r * out_.number_columns + slot)] =
                    holds_cells && !is_missing(from.numbers[row]) ? from.numbers[row] : missing_number;
                continue;
            }
            const std::int32_t code = holds_cells ? from.codes[row] : -1;
            chunk.codes[static_cast<std::size_t>(r * out_.text_columns + slot)] =
                code < 0 ? missing_code : places_[c][static_cast<std::size_t>(code)];
        }
    }

    const MemoryTable& table_;
    std::span<const TakenColumn> taken_;
    const MissingTexts& missing_;
    std::vector<double> missing_numbers_;  ///< those among the texts
    TextTable out_;
    std::unordered_set<std::string> names_;
    std::vector<std::vector<std::uint32_t>> places_;  ///< of a text column: of each of its words, in its dictionary
};

}  // namespace

void MemoryTable::check() const {
    const auto counted = [](std::size_t count, const char* what) { return count_text(static_cast<std::int64_t>(count), what); };
    for (const MemoryColumn& column : columns) {
        const std::string name = "column " + quoted(column.name);
        const std::size_t cells = column.is_text ? column.codes.size() : column.numbers.size();
        if (std::cmp_not_equal(cells, rows))
            fail(ErrorKind::data, name + " has " + counted(cells, "cell") + ", the table has " + count_text(rows, "row"));
        const auto has_word = [&](std::int32_t code) { return code < 0 || std::cmp_less(code, column.words.size()); };
        if (!std::all_of(column.codes.begin(), column.codes.end(), has_word)) fail(ErrorKind::data, name + " has a code without a word");
    }
    if (std::cmp_not_equal(targets.size(), rows * target_count) || (!weights.empty() && std::cmp_not_equal(weights.size(), rows)))
        fail(ErrorKind::data, "there are " + counted(targets.size(), "target") + " and " + counted(weights.size(), "weight") + " for " +
                                  count_text(rows, "row"));
}

std::string MemoryTable::name_of(const MemoryColumn& column) const {
    const std::string_view name = has_names ? without_blanks(column.name) : std::string_view();
    return name.empty() ? std::to_string(column.position) : std::string(name);
}

LoadedTable loaded_table(const MemoryTable& table, std::span<const TakenColumn> columns, const std::vector<std::string>& na_values,
                         int threads, MemoryBudget& budget) {
    if (columns.empty()) fail(ErrorKind::data, "the table has no feature columns");
    LoadedTable loaded;
    loaded.table = std::make_shared<const Table>(
        Table{InputFile::none("the table"), "csv", TableFiller(table, columns, na_values).fill(threads, budget)});
    for (std::int64_t c = 0; c < std::ssize(columns); ++c) loaded.roles.features.push_back(c);
    return loaded;
}

}  // namespace glissade
