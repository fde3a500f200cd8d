// SPDX-License-Identifier: Apache-2.0
#include "host/data/libsvm.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "host/data/number.hpp"
#include "host/data/parallel.hpp"
#include "host/data/text_fault.hpp"
#include "host/data/text_split.hpp"

namespace glissade {
namespace {

constexpr std::int64_t largest_index = std::numeric_limits<std::int32_t>::max();

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Rows of one piece of the file.
struct Piece {
    std::vector<std::int64_t> entries;  ///< of each row
    std::vector<std::int32_t> indices;
    std::vector<double> values, labels;
    std::vector<std::int64_t> lines;  ///< of each row, from 0 in the piece
    std::int64_t columns = 0;
    std::int64_t line_ends = 0;
    std::optional<std::int64_t> open_blank;
    std::optional<TextFault> fault;
    Spelling spelling;
};

class PieceReader {
public:
    PieceReader(std::string_view text, std::int64_t most_features, Piece& out)
        : at_(text.data()), end_(text.data() + text.size()), most_features_(most_features), out_(out) {}

    void read() {
        try {
            while (at_ != end_) read_line();
        } catch (const TextFault& fault) {
            out_.fault = fault;
        }
        out_.line_ends = line_;
    }

private:
    [[noreturn]] void fault_at(const char* place, const std::string& message) const {
        throw TextFault{line_, place - line_begin_ + 1, message};
    }

    void read_line() {
        line_begin_ = at_;
        const void* newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
        const char* const next = newline == nullptr ? end_ : static_cast<const char*>(newline) + 1;
        line_end_ = newline == nullptr ? end_ : static_cast<const char*>(newline);
        if (line_end_ != at_ && line_end_[-1] == '\r') --line_end_;
        skip_blanks();
        if (at_ == line_end_) {
            if (!out_.open_blank) out_.open_blank = line_;
        } else if (*at_ != '#') {
            if (out_.open_blank) throw TextFault{*out_.open_blank, 1, "a blank line between rows"};
            read_row();
        }
        at_ = next;
        if (newline != nullptr) ++line_;
    }

    void skip_blanks() {
        while (at_ != line_end_ && is_blank(*at_)) ++at_;
    }

    std::string_view token_at(const char* place) const {
        const char* stop = place;
        while (stop != line_end_ && !is_blank(*stop)) ++stop;
        return {place, static_cast<std::size_t>(stop - place)};
    }

    void read_row() {
        const std::string_view label = token_at(at_);
        const auto value = whole_number(label);
        if (!value)
            fault_at(at_, label.find(':') != std::string_view::npos ? "the line begins with " + quoted(label) + ", not with a label"
                                                                    : "label " + not_a_number(label, false));
        if (out_.spelling.size() < most_spellings) out_.spelling.try_emplace(*value, label);
        at_ += label.size();
        std::int64_t entries = 0, last = 0;
        for (skip_blanks(); at_ != line_end_ && *at_ != '#'; skip_blanks(), ++entries) last = read_pair(last);
        out_.columns = std::max(out_.columns, last);
        out_.entries.push_back(entries);
        out_.labels.push_back(*value);
        out_.lines.push_back(line_);
    }

    static std::string bad_value(std::string_view text) {
        const std::string message = not_a_number(text, false);
        return classify_cell(text) == CellClass::malformed ? message + "; libsvm has no missing cells: an entry that is left out is 0"
                                                           : message;
    }

    /// Reads INDEX:VALUE and returns the index.
    std::int64_t read_pair(std::int64_t last) {
        const char* const start = at_;
        std::int64_t index = 0;
        while (at_ != line_end_ && *at_ >= '0' && *at_ <= '9') {
            index = index * 10 + (*at_++ - '0');
            if (index > largest_index)
                fault_at(start, "feature index " + quoted(token_at(start)) + " exceeds " + std::to_string(largest_index));
        }
        if (at_ == start || at_ == line_end_ || *at_ != ':') fault_at(start, quoted(token_at(start)) + " is not of the form INDEX:VALUE");
        if (index == 0) fault_at(start, "feature index 0; indices count from 1");
        if (index <= last) {
            fault_at(start, "feature index " + std::to_string(index) +
                                (index == last ? " is repeated" : " comes after " + std::to_string(last)) + "; indices must ascend");
        }
        if (most_features_ > 0 && index > most_features_) {
            fault_at(start,
                     "feature index " + std::to_string(index) + ", but the model has " + std::to_string(most_features_) + " features");
        }
        ++at_;
        double value = 0;
        const char* const stop = parse_number(at_, line_end_, value);
        if (stop == nullptr || (stop != line_end_ && !is_blank(*stop))) {
            const std::string_view text = token_at(at_);
            fault_at(at_, text.empty() ? "feature " + std::to_string(index) + " has no value" : bad_value(text));
        }
        at_ = stop;
        out_.indices.push_back(static_cast<std::int32_t>(index - 1));
        out_.values.push_back(value);
        return index;
    }

    const char* at_;
    const char* end_;
    const char* line_begin_ = nullptr;
    const char* line_end_ = nullptr;
    std::int64_t most_features_;
    std::int64_t line_ = 0;
    Piece& out_;
};

/// Throws the first fault of the file.
void check_pieces(const InputFile& file, const std::vector<Piece>& pieces) {
    std::int64_t line = 1;
    std::optional<std::int64_t> blank;
    for (const Piece& piece : pieces) {
        if (blank && (!piece.labels.empty() || piece.fault))
            fail(ErrorKind::data, at_text(file.name(), *blank, 1, "a blank line between rows"));
        if (piece.fault) fail(ErrorKind::data, at_text(file.name(), piece.fault->line + line, piece.fault->column, piece.fault->message));
        if (!blank && piece.open_blank) blank = line + *piece.open_blank;
        line += piece.line_ends;
    }
}

SparseTable join(std::vector<Piece>& pieces) {
    SparseTable table;
    std::int64_t line = 1;
    for (Piece& piece : pieces) {
        for (const std::int64_t entries : piece.entries) table.offsets.push_back(table.offsets.back() + entries);
        for (const std::int64_t row_line : piece.lines) table.lines.push_back(line + row_line);
        table.indices.insert(table.indices.end(), piece.indices.begin(), piece.indices.end());
        table.values.insert(table.values.end(), piece.values.begin(), piece.values.end());
        table.labels.insert(table.labels.end(), piece.labels.begin(), piece.labels.end());
        table.columns = std::max(table.columns, piece.columns);
        for (const auto& [value, text] : piece.spelling) table.spelling.try_emplace(value, text);
        line += piece.line_ends;
        piece = Piece();
    }
    return table;
}

}  // namespace

bool looks_like_libsvm(std::string_view text) {
    for (int line = 0; line < 20 && !text.empty(); ++line) {
        std::string_view rest = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), rest.size() + 1));
        const std::size_t label = rest.find_first_not_of(" \t\r");
        if (label == std::string_view::npos || rest[label] == '#') continue;
        rest.remove_prefix(label);
        const std::size_t label_end = std::min(rest.find_first_of(" \t\r"), rest.size());
        if (!whole_number(rest.substr(0, label_end))) return false;
        rest.remove_prefix(label_end);
        const std::size_t pair = rest.find_first_not_of(" \t\r");
        if (pair == std::string_view::npos) continue;
        rest.remove_prefix(pair);
        const std::size_t colon = rest.find_first_not_of("0123456789");
        return (colon != std::string_view::npos && colon > 0 && rest[colon] == ':') || rest.starts_with("qid:");
    }
    return false;
}

Table read_libsvm(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& /*planner*/) {
    std::string_view text = file->bytes();
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const std::vector<std::string_view> texts = split_lines(text);
    std::vector<Piece> pieces(texts.size());
    parallel_for(static_cast<std::int64_t>(texts.size()), options.threads, [&](std::int64_t i) {
        Piece& piece = pieces[static_cast<std::size_t>(i)];
        const std::string_view part = texts[static_cast<std::size_t>(i)];
        // No entry takes fewer than four characters ("1:1 ") nor more than 12 + 8 bytes here.
        options.budget->take(static_cast<std::int64_t>(part.size()) * 5, file->name() + ": the table");
        PieceReader(part, options.most_features, piece).read();
        const auto used = static_cast<std::int64_t>(piece.indices.size() * 12 + piece.labels.size() * 24);
        options.budget->give_back(static_cast<std::int64_t>(part.size()) * 5 - used);
    });
    check_pieces(*file, pieces);
    SparseTable table = join(pieces);
    if (table.rows() == 0) fail(ErrorKind::data, file->name() + ": the file has no rows");
    return {std::move(file), "libsvm", std::move(table)};
}

}  // namespace glissade
