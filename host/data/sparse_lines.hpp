// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"
#include "host/data/text_fault.hpp"

namespace glissade {

inline bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Rows read from one piece of a text file of sparse rows.
struct SparsePiece {
    SparseChunk entries;
    std::vector<double> labels;
    std::vector<double> weights;      ///< of each row; empty if none speaks of one
    std::vector<std::int64_t> lines;  ///< of each row, from 0 in the piece
    std::int64_t columns = 0;
    std::int64_t line_ends = 0;
    std::optional<std::int64_t> open_blank;  ///< the first blank line, if no row comes after it
    std::optional<TextFault> fault;
    Spelling spelling;
    std::vector<std::uint64_t> keys;  ///< of hashed features, the different ones

    std::int64_t bytes() const;
};

/// Walks a piece line by line; what blank lines and line ends mean is the same for all such formats.
class SparseLines {
public:
    /// `comments`: lines that begin with '#' are passed over.
    SparseLines(std::string_view text, bool comments, SparsePiece& out)
        : at_(text.data()), end_(text.data() + text.size()), comments_(comments), out_(out) {}

    /// Calls `row(begin, end)` for each line that is not blank, without leading blanks and line end, and keeps the first fault thrown.
    template <class Row>
    void read(const Row& row) {
        try {
            while (at_ != end_) read_line(row);
        } catch (const TextFault& fault) {
            out_.fault = fault;
        }
        out_.line_ends = line_;
    }

    std::int64_t line() const { return line_; }
    /// Whether so many bytes from a place on belong to the piece.
    bool has_bytes(const char* place, std::ptrdiff_t count) const { return end_ - place >= count; }
    [[noreturn]] void fault_at(const char* place, const std::string& message) const {
        throw TextFault{line_, place - line_begin_ + 1, message};
    }

private:
    template <class Row>
    void read_line(const Row& row) {
        line_begin_ = at_;
        const void* newline = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
        const char* const next = newline == nullptr ? end_ : static_cast<const char*>(newline) + 1;
        const char* line_end = newline == nullptr ? end_ : static_cast<const char*>(newline);
        if (line_end != at_ && line_end[-1] == '\r') --line_end;
        while (at_ != line_end && (*at_ == ' ' || *at_ == '\t')) ++at_;
        if (at_ == line_end) {
            if (!out_.open_blank) out_.open_blank = line_;
        } else if (!comments_ || *at_ != '#') {
            if (out_.open_blank) throw TextFault{*out_.open_blank, 1, "a blank line between rows"};
            row(at_, line_end);
        }
        at_ = next;
        if (newline != nullptr) ++line_;
    }

    const char* at_;
    const char* end_;
    bool comments_;
    const char* line_begin_ = nullptr;
    std::int64_t line_ = 0;
    SparsePiece& out_;
};

struct SparseLayout {
    std::int64_t bytes_a_character = 0;  ///< that a character of text makes in memory, at most
    int hash_bits = 0;                   ///< of hashed features
};

/// Reads pieces of the file on several threads, each with `read`, and puts their rows one behind the other. The first fault of the file is
/// an Error(data), whatever the number of threads.
SparseTable read_sparse_lines(const InputFile& file, const ReadOptions& options, const SparseLayout& layout,
                              const std::function<void(std::string_view, SparsePiece&)>& read);

}  // namespace glissade
