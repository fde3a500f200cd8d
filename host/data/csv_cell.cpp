// SPDX-License-Identifier: Apache-2.0
#include "host/data/csv_cell.hpp"

#include <algorithm>

namespace glissade {

bool CsvScanner::pass_line_end() {
    if (at_ == end_) return true;
    if (*at_ == '\r') {
        if (at_ + 1 != end_ && at_[1] != '\n') fault("a carriage return in the middle of a line");
        ++at_;
        if (at_ == end_) return true;
    }
    if (*at_ != '\n') return false;
    ++at_;
    ++line_;
    return true;
}

bool CsvScanner::begin_row() {
    column_ = 1;
    const char* const first = skip_blanks(at_);
    if (first != end_ && *first != '\n' && *first != '\r') {
        if (delimiter_ == ' ') at_ = first;
        return true;
    }
    at_ = first;
    pass_line_end();
    return false;
}

std::string_view CsvScanner::cell() {
    at_ = skip_blanks(at_);
    return at_ != end_ && *at_ == '"' ? quoted_cell() : plain_cell();
}

std::string_view CsvScanner::plain_cell() {
    const char* const start = at_;
    while (at_ != end_ && !stops_[static_cast<unsigned char>(*at_)]) ++at_;
    if (at_ != end_ && *at_ == '\0') fault("a NUL byte");
    if (at_ != end_ && *at_ == '"') fault("a quote inside an unquoted cell; write the whole cell in quotes and double those inside");
    const char* stop = at_;
    while (stop != start && is_blank(stop[-1])) --stop;
    return {start, static_cast<std::size_t>(stop - start)};
}

std::string_view CsvScanner::quoted_cell() {
    const char* const start = ++at_;
    const std::int64_t first_line = line_;
    bool doubled = false;
    for (;;) {
        at_ = std::find_if(at_, end_, [](char c) { return c == '"' || c == '\n' || c == '\0'; });
        if (at_ == end_) throw TextFault{first_line, column_, "a quote is opened and never closed"};
        if (*at_ == '\0') fault("a NUL byte");
        if (*at_ == '\n') {
            ++line_;
        } else if (at_ + 1 != end_ && at_[1] == '"') {
            doubled = true;
            ++at_;
        } else {
            break;
        }
        ++at_;
    }
    std::string_view text(start, static_cast<std::size_t>(at_ - start));
    ++at_;
    const char* const next = skip_blanks(at_);
    const bool ends = next == end_ || *next == '\n' || *next == '\r' || (delimiter_ == ' ' ? next != at_ : *next == delimiter_);
    if (!ends) fault("text after a closing quote");
    at_ = next;
    if (!doubled) return text;
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
        plain += text[i];
        if (text[i] == '"') ++i;
    }
    return plain;
}

bool CsvScanner::end_cell_slowly() {
    at_ = skip_blanks(at_);
    if (pass_line_end()) return false;
    ++column_;  // only runs of blanks get here: cells stop at a delimiter, a line end or a blank
    return true;
}

}  // namespace glissade
