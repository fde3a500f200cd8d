// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "host/data/number.hpp"
#include "host/data/text_fault.hpp"

namespace glissade {

/// Walks delimiter-separated text cell by cell, RFC 4180 quoting and all; strict, throws TextFault. The delimiter ' ' stands for runs of
/// spaces and tabs. Blanks round a cell are not part of it; inside quotes everything is.
class CsvScanner {
public:
    /// `unescaped` keeps the text of quoted cells that hold doubled quotes; it must live as long as the cells are used.
    CsvScanner(std::string_view text, char delimiter, std::deque<std::string>& unescaped)
        : at_(text.data()), end_(text.data() + text.size()), delimiter_(delimiter), unescaped_(unescaped) {
        for (const char stop : {delimiter, '\n', '\r', '\0', '"'}) stops_[static_cast<unsigned char>(stop)] = true;
        if (delimiter == ' ') stops_['\t'] = true;
    }

    bool at_end() const { return at_ == end_; }
    const char* at() const { return at_; }
    std::int64_t line() const { return line_; }      ///< line ends passed so far
    std::int64_t column() const { return column_; }  ///< of the current cell, from 1

    /// Starts a row. Passes over the line and returns false if there is nothing but blanks on it.
    bool begin_row();

    /// Reads the cell if it is a plain number; otherwise does not move and returns false. `text` is the number as written.
    bool number(double& value, std::string_view& text) {
        const char* const start = skip_blanks(at_);
        const char* const stop = parse_number(start, end_, value);
        if (stop == nullptr) return false;
        const char* const next = skip_blanks(stop);
        if (next != end_ && *next != '\n' && *next != '\r' && *next != delimiter_ && !(delimiter_ == ' ' && next != stop)) return false;
        text = {start, static_cast<std::size_t>(stop - start)};
        at_ = next;
        return true;
    }

    /// Reads the cell and the delimiter behind it if it is a short number with nothing round it, as number() and end_cell() would;
    /// otherwise does not move and returns false.
    bool number_and_delimiter(double& value) {
        const char* const stop = parse_short_decimal(at_, end_, value);
        if (stop == nullptr || *stop != delimiter_ || delimiter_ == ' ') return false;
        at_ = stop + 1;
        ++column_;
        return true;
    }

    /// Reads any cell.
    std::string_view cell();

    /// Passes what stands behind a cell: true if the row goes on, false if its line ended.
    bool end_cell() {
        if (at_ != end_ && *at_ == delimiter_ && delimiter_ != ' ') {
            ++at_;
            ++column_;
            return true;
        }
        return end_cell_slowly();
    }

    [[noreturn]] void fault(const std::string& message) const { throw TextFault{line_, column_, message}; }

private:
    bool is_blank(char c) const { return c == ' ' || (c == '\t' && delimiter_ != '\t'); }
    const char* skip_blanks(const char* p) const {
        while (p != end_ && is_blank(*p)) ++p;
        return p;
    }
    bool end_cell_slowly();
    bool pass_line_end();
    std::string_view quoted_cell();
    std::string_view plain_cell();

    const char* at_;
    const char* end_;
    char delimiter_;
    std::array<bool, 256> stops_{};  ///< bytes at which an unquoted cell ends or is broken
    std::deque<std::string>& unescaped_;
    std::int64_t line_ = 0;
    std::int64_t column_ = 1;
};

}  // namespace glissade
