// SPDX-License-Identifier: Apache-2.0
#include "host/data/csv_layout.hpp"

#include <algorithm>
#include <unordered_set>

#include "host/data/csv_cell.hpp"

namespace glissade {
namespace {

using Row = std::vector<std::string>;

std::string_view first_line_of(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

std::int64_t count_outside_quotes(std::string_view line, char wanted) {
    std::int64_t count = 0;
    bool inside = false;
    for (const char c : line) {
        if (c == '"') inside = !inside;
        if (c == wanted && !inside) ++count;
    }
    return count;
}

bool has_number(const Row& row) {
    return std::any_of(row.begin(), row.end(), [](const std::string& cell) { return classify_cell(cell) == CellClass::number; });
}

/// Whether a cell could name a column: not a number, nor meant as one.
bool could_be_name(const std::string& cell) {
    return classify_cell(cell) == CellClass::word;
}

bool looks_like_header(const Row& first, const Row* second) {
    // An empty first cell is how row numbers without a name are written.
    const auto begin = first.begin() + (first.size() > 1 && first[0].empty() ? 1 : 0);
    if (!std::all_of(begin, first.end(), could_be_name)) return false;
    if (second != nullptr && has_number(*second)) return true;
    return std::unordered_set<std::string>(first.begin(), first.end()).size() == first.size();
}

Row read_row(CsvScanner& scanner) {
    Row row;
    do {
        row.emplace_back(scanner.cell());
    } while (scanner.end_cell());
    return row;
}

/// The first row of `text`; empty where it cannot be read: the reader reports that in its place.
Row first_row(std::string_view text, char delimiter) {
    std::deque<std::string> unescaped;
    CsvScanner scanner(text, delimiter, unescaped);
    try {
        return scanner.begin_row() ? read_row(scanner) : Row();
    } catch (const TextFault&) {
        return {};
    }
}

/// A column without a name is called by its position.
std::string name_at(const Row& header, std::size_t position) {
    return header[position].empty() ? std::to_string(position) : header[position];
}

bool names_all(const Row& line, const std::vector<std::string>& wanted) {
    std::unordered_set<std::string> names;
    for (std::size_t i = 0; i < line.size(); ++i) names.insert(name_at(line, i));
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) { return names.contains(name); });
}

/// For a model, the delimiter of its training file where that parts the first line into the columns that the model reads.
char choose_delimiter(std::string_view text, const ReadOptions& options) {
    if (options.delimiter) return *options.delimiter;
    if (!options.trained_on) return find_delimiter(text);
    const TrainedLayout& like = *options.trained_on;
    const Row first = first_row(text, like.delimiter);
    const bool by_name = like.has_header && options.header != HeaderMode::no;
    return (by_name ? names_all(first, like.names) : first.size() >= like.names.size()) ? like.delimiter : find_delimiter(text);
}

/// Whether the first line is a header. For a model this is no guess: taking a header for a row, or a row for a header, would be a row too
/// many or too few, and nobody would see it.
bool choose_header(const InputFile& file, const ReadOptions& options, const std::vector<Row>& rows) {
    if (options.header != HeaderMode::automatic) return options.header == HeaderMode::yes;
    const bool looks_like_one = looks_like_header(rows[0], rows.size() > 1 ? &rows[1] : nullptr);
    if (!options.trained_on) return looks_like_one;
    const TrainedLayout& like = *options.trained_on;
    // A header that lacks a name is a header all the same: whoever looks for the column says which one is missing.
    if (!like.has_header || looks_like_one || names_all(rows[0], like.names)) return like.has_header;
    std::string wanted;
    for (std::size_t i = 0; i < std::min<std::size_t>(like.names.size(), 5); ++i) wanted += (i == 0 ? "" : ", ") + quoted(like.names[i]);
    fail(ErrorKind::data,
         at_text(file.name(), 1, 1,
                 "the line does not name the columns that the model reads (" + wanted + (like.names.size() > 5 ? ", ..." : "") +
                     "); if it is a row of a file without header, whose columns stand as in training: --header no"));
}

/// A line of names, checked: no name twice, valid UTF-8.
std::vector<std::string> header_names(const InputFile& file, const Row& cells) {
    std::vector<std::string> names;
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string name = name_at(cells, i);
        const auto column = static_cast<std::int64_t>(i) + 1;
        if (invalid_utf8_at(name)) {
            fail(ErrorKind::data, at_text(file.name(), 1, column, quoted(name) + " is not valid UTF-8; convert the file to UTF-8"));
        }
        if (!seen.insert(name).second) fail(ErrorKind::data, at_text(file.name(), 1, column, "the header repeats " + quoted(name)));
        names.push_back(name);
    }
    return names;
}

std::string_view without_mark(const InputFile& file) {
    std::string_view text = file.bytes();
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        fail(ErrorKind::data, at_text(file.name(), 1, 1, "the file is UTF-16; convert it to UTF-8"));
    }
    return text;
}

}  // namespace

char find_delimiter(std::string_view text) {
    const std::string_view first = first_line_of(text);
    const std::string_view second = first_line_of(text.substr(std::min(text.size(), first.size() + 1)));
    if (count_outside_quotes(first, '\t') > 0) {
        // Tabs that come and go are blanks like others.
        return second.empty() || count_outside_quotes(second, '\t') > 0 || first.find_first_of(",;") != std::string_view::npos ? '\t' : ' ';
    }
    const std::int64_t commas = count_outside_quotes(first, ',');
    const std::int64_t semicolons = count_outside_quotes(first, ';');
    if (commas > 0 && semicolons > 0) {
        // Decimal commas between semicolons, or semicolons in the text of a cell? The delimiter comes as often on the next line.
        return count_outside_quotes(second, ';') == semicolons ? ';' : ',';
    }
    if (commas > 0) return ',';
    if (semicolons > 0) return ';';
    // One column whose name has blanks in it, or columns with blanks between them?
    const Row row = first_row(first, ' ');
    const bool second_has_blanks = second.substr(0, second.find_last_not_of(" \t\r") + 1).find_first_of(" \t") != std::string_view::npos;
    return row.size() > 1 && (second_has_blanks || has_number(row)) ? ' ' : ',';
}

CsvLayout find_csv_layout(const InputFile& file, const ReadOptions& options) {
    const std::string_view text = without_mark(file);
    CsvLayout layout;
    layout.head.file = file.name();
    layout.head.delimiter = choose_delimiter(text, options);
    std::deque<std::string> unescaped;
    CsvScanner scanner(text, layout.head.delimiter, unescaped);
    std::vector<Row> rows;
    std::string_view after_first;
    std::int64_t second_line = 1;
    try {
        while (rows.size() < 4 && !scanner.at_end() && scanner.begin_row()) {
            rows.push_back(read_row(scanner));
            if (rows.size() == 1) {
                after_first = text.substr(static_cast<std::size_t>(scanner.at() - text.data()));
                second_line = scanner.line() + 1;
            }
        }
    } catch (const TextFault& fault) {
        if (rows.empty()) fail(ErrorKind::data, at_text(file.name(), fault.line + 1, fault.column, fault.message));
    }
    if (rows.empty()) fail(ErrorKind::data, at_text(file.name(), 1, 1, "the first line is blank"));
    layout.head.has_header = choose_header(file, options, rows);
    if (layout.head.has_header) {
        layout.head.names = header_names(file, rows[0]);
        rows.erase(rows.begin());
    } else {
        for (std::size_t i = 0; i < rows[0].size(); ++i) layout.head.names.push_back(std::to_string(i));
    }
    if (rows.size() > 3) rows.resize(3);
    layout.head.first_rows = std::move(rows);
    layout.body = layout.head.has_header ? after_first : text;
    layout.body_line = layout.head.has_header ? second_line : 1;
    return layout;
}

}  // namespace glissade
