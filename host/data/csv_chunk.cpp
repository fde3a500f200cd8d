// SPDX-License-Identifier: Apache-2.0
#include "host/data/csv_chunk.hpp"

#include <algorithm>

#include "host/data/csv_cell.hpp"

namespace glissade {

MissingWords::MissingWords(const std::vector<std::string>& words) : words_(words.begin(), words.end()) {
    has_numbers_ = std::any_of(words.begin(), words.end(), [](const std::string& word) { return whole_number(word).has_value(); });
}

namespace {

class ChunkReader {
public:
    ChunkReader(std::string_view text, const CsvChunkPlan& plan, MemoryBudget& budget, CsvChunk& out)
        : plan_(plan),
          budget_(budget),
          out_(out),
          scanner_(text, plan.delimiter, out.unescaped),
          begin_(text.data()),
          text_bytes_(text.size()) {
        columns_ = static_cast<std::int64_t>(plan.uses.size());
        numbers_ = std::count(plan.uses.begin(), plan.uses.end(), ColumnUse::number);
        texts_ = std::count(plan.uses.begin(), plan.uses.end(), ColumnUse::text);
        out.tallies.resize(static_cast<std::size_t>(columns_));
        numbers_in_.resize(static_cast<std::size_t>(columns_));
        for (std::int64_t column = 0; column < columns_; ++column) {
            const bool is_number = plan.uses[static_cast<std::size_t>(column)] == ColumnUse::number;
            plain_.push_back(is_number && column != plan.label && column + 1 < columns_ && !plan.missing->contains_numbers() ? 1 : 0);
        }
        out.dictionaries.resize(static_cast<std::size_t>(texts_));
        codes_of_.resize(static_cast<std::size_t>(texts_));
        classes_of_.resize(static_cast<std::size_t>(texts_));
    }

    void read(std::int64_t most_rows) {
        try {
            while (!scanner_.at_end() && out_.data.rows < most_rows) {
                const std::int64_t line = scanner_.line();
                if (!scanner_.begin_row()) {
                    if (!out_.open_blank) out_.open_blank = line;
                    continue;
                }
                if (out_.open_blank) throw TextFault{*out_.open_blank, 1, "a blank line between rows"};
                if (!out_.first_row_line) out_.first_row_line = line;
                make_room();
                read_row();
                out_.data.lines.push_back(static_cast<std::uint32_t>(line));
                ++out_.data.rows;
            }
        } catch (const TextFault& fault) {
            out_.fault = fault;
        }
        out_.lines = scanner_.line();
        for (std::size_t column = 0; column < numbers_in_.size(); ++column) out_.tallies[column].numbers = numbers_in_[column];
        trim();
    }

private:
    std::int64_t bytes_a_row() const { return numbers_ * std::int64_t{sizeof(double)} + texts_ * std::int64_t{sizeof(std::uint32_t)}; }

    /// Room for one more row; after the first ones, the guess is that the others are as long.
    void make_room() {
        if (out_.data.rows < room_rows_) return;
        std::int64_t larger = 64;
        if (room_rows_ > 0) {
            const auto read_bytes = static_cast<double>(scanner_.at() - begin_);
            larger = static_cast<std::int64_t>(static_cast<double>(out_.data.rows) * static_cast<double>(text_bytes_) / read_bytes * 1.05);
            larger = std::max(larger, room_rows_ + room_rows_ / 2);
        }
        budget_.take((larger - room_rows_) * bytes_a_row(), *plan_.file + ": the table");
        room_rows_ = larger;
        out_.data.values.resize(static_cast<std::size_t>(larger * numbers_));
        out_.data.codes.resize(static_cast<std::size_t>(larger * texts_));
    }

    void trim() {
        out_.data.values.resize(static_cast<std::size_t>(out_.data.rows * numbers_));
        out_.data.codes.resize(static_cast<std::size_t>(out_.data.rows * texts_));
        budget_.give_back((room_rows_ - out_.data.rows) * bytes_a_row());
        if (room_rows_ - out_.data.rows <= room_rows_ / 8) return;
        out_.data.values.shrink_to_fit();
        out_.data.codes.shrink_to_fit();
    }

    void read_row() {
        double* values = out_.data.values.data() + out_.data.rows * numbers_;
        std::uint32_t* codes = out_.data.codes.data() + out_.data.rows * texts_;
        std::size_t text = 0;
        for (std::int64_t column = 0; column < columns_; ++column) {
            if (plain_[static_cast<std::size_t>(column)] && scanner_.number_and_delimiter(*values)) {
                ++values;
                ++numbers_in_[static_cast<std::size_t>(column)];
                continue;
            }
            switch (plan_.uses[static_cast<std::size_t>(column)]) {
                case ColumnUse::number:
                    *values++ = read_number(column);
                    break;
                case ColumnUse::text:
                    *codes++ = read_text(column, text++);
                    break;
                default:
                    scanner_.cell();
            }
            const std::int64_t line = scanner_.line();
            if (scanner_.end_cell() == (column + 1 < columns_)) continue;
            if (column + 1 < columns_) {
                throw TextFault{line, column + 2, "the row has " + cells(column + 1) + ", the first line has " + cells(columns_)};
            }
            scanner_.fault("the row has more cells than the first line, which has " + cells(columns_));
        }
    }

    static std::string cells(std::int64_t count) { return std::to_string(count) + (count == 1 ? " cell" : " cells"); }

    double read_number(std::int64_t column) {
        double value = 0;
        std::string_view text;
        if (scanner_.number(value, text)) {
            if (plan_.missing->contains_numbers() && plan_.missing->contains(text)) return missing_at(column);
            if (column == plan_.label) spell(value, text);
            ++numbers_in_[static_cast<std::size_t>(column)];
            return value;
        }
        text = scanner_.cell();
        if (plan_.missing->contains(text)) return missing_at(column);
        if (const auto number = whole_number(text)) {  // in quotes
            if (column == plan_.label) spell(*number, text);
            ++numbers_in_[static_cast<std::size_t>(column)];
            return *number;
        }
        if (const auto truth = plan_.booleans.contains(column) ? truth_of(text) : std::nullopt) {
            ++numbers_in_[static_cast<std::size_t>(column)];
            return *truth;
        }
        count_other(column, text, classify_cell(text));
        return 0;
    }

    /// As pandas, and as Polars and pyarrow write booleans.
    static std::optional<double> truth_of(std::string_view text) {
        if (text == "True" || text == "true") return 1;
        if (text == "False" || text == "false") return 0;
        return std::nullopt;
    }

    std::uint32_t read_text(std::int64_t column, std::size_t slot) {
        const std::string_view text = scanner_.cell();
        if (plan_.missing->contains(text)) {
            missing_at(column);
            return missing_code;
        }
        auto& codes = codes_of_[slot];
        const auto next = static_cast<std::uint32_t>(out_.dictionaries[slot].size());
        const auto [place, is_new] = codes.try_emplace(text, next);
        if (is_new) {
            const bool fixed = plan_.fixed[static_cast<std::size_t>(column)];
            classes_of_[slot].push_back(fixed ? CellClass::word : classify_cell(text));
            count_text(column, text, classes_of_[slot].back());
            if (invalid_utf8_at(text)) scanner_.fault(quoted(text) + " is not valid UTF-8; convert the file to UTF-8");
            out_.dictionaries[slot].push_back(text);
        } else {
            count_text(column, text, classes_of_[slot][place->second]);
        }
        return place->second;
    }

    double missing_at(std::int64_t column) {
        ++tally(column).missing;
        return missing_number;
    }

    /// A cell of a text column. One whose use was asked for is not looked at: whatever it holds is text.
    void count_text(std::int64_t column, std::string_view text, CellClass what) {
        if (plan_.fixed[static_cast<std::size_t>(column)]) return;
        if (what == CellClass::number) {
            ++numbers_in_[static_cast<std::size_t>(column)];
        } else {
            count_other(column, text, what);
        }
    }

    void count_other(std::int64_t column, std::string_view text, CellClass what) {
        ColumnTally& sum = tally(column);
        const bool is_word = what == CellClass::word;
        ++(is_word ? sum.words : sum.malformed);
        auto& first = is_word ? sum.first_word : sum.first_malformed;
        if (plan_.fixed[static_cast<std::size_t>(column)]) scanner_.fault(not_a_number(text));
        if (!first) first = TextFault{scanner_.line(), column + 1, quoted(text)};
    }

    void spell(double value, std::string_view text) {
        if (out_.spelling.size() < most_spellings) out_.spelling.try_emplace(value, text);
    }

    ColumnTally& tally(std::int64_t column) { return out_.tallies[static_cast<std::size_t>(column)]; }

    const CsvChunkPlan& plan_;
    MemoryBudget& budget_;
    CsvChunk& out_;
    CsvScanner scanner_;
    const char* begin_;
    std::size_t text_bytes_;
    std::int64_t columns_ = 0, numbers_ = 0, texts_ = 0;
    std::int64_t room_rows_ = 0;            ///< rows that the vectors have room for
    std::vector<char> plain_;               ///< of a column: its numbers are numbers and nothing more, and are not the last of a row
    std::vector<std::int64_t> numbers_in_;  ///< ColumnTally::numbers, close together while they are counted
    std::vector<std::unordered_map<std::string_view, std::uint32_t>> codes_of_;
    std::vector<std::vector<CellClass>> classes_of_;  ///< of each text in a dictionary
};

}  // namespace

CsvChunk read_csv_chunk(std::string_view text, const CsvChunkPlan& plan, MemoryBudget& budget, std::int64_t most_rows) {
    CsvChunk chunk;
    ChunkReader(text, plan, budget, chunk).read(most_rows);
    return chunk;
}

}  // namespace glissade
