// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "host/data/memory_budget.hpp"
#include "host/data/table.hpp"
#include "host/data/text_fault.hpp"

namespace glissade {

/// Cells that mean "missing" beside the empty cell.
class MissingWords {
public:
    explicit MissingWords(const std::vector<std::string>& words);
    bool contains(std::string_view text) const { return text.empty() || (!words_.empty() && words_.contains(std::string(text))); }
    /// Whether a cell that reads as a number means "missing" all the same (--na -999).
    bool contains_numbers() const { return has_numbers_; }

private:
    std::unordered_set<std::string> words_;
    bool has_numbers_ = false;
};

/// How a chunk of text is to be read; the same for all chunks of a file. Columns with the use `infer` are read as numbers.
struct CsvChunkPlan {
    char delimiter = ',';
    std::vector<ColumnUse> uses;  ///< skip, number or text: what is stored
    std::vector<bool> fixed;      ///< the use was asked for: a number column takes no word
    std::int64_t label = -1;
    std::set<std::int64_t> booleans;  ///< columns of numbers that take the words true and false
    const MissingWords* missing = nullptr;
    const std::string* file = nullptr;
};

/// What the cells of one column were, whatever they were read as.
struct ColumnTally {
    std::int64_t numbers = 0, malformed = 0, words = 0, missing = 0;
    std::optional<TextFault> first_malformed, first_word;  ///< where, and the cell itself as the message
};

struct CsvChunk {
    TextChunk data;                                           ///< codes are places in this chunk's own dictionaries
    std::vector<ColumnTally> tallies;                         ///< one a column of the file
    std::vector<std::vector<std::string_view>> dictionaries;  ///< one a text column; views into the file or `unescaped`
    std::deque<std::string> unescaped;
    Spelling spelling;
    std::int64_t lines = 0;                      ///< line ends in the chunk
    std::optional<std::int64_t> open_blank;      ///< a blank line with no row after it so far, from 0
    std::optional<std::int64_t> first_row_line;  ///< where the first row stands
    std::optional<TextFault> fault;              ///< the first; reading stopped there
};

/// Reads rows until `text` ends, the first fault, or `most_rows`. Throws only Error(memory).
CsvChunk read_csv_chunk(std::string_view text, const CsvChunkPlan& plan, MemoryBudget& budget, std::int64_t most_rows);

}  // namespace glissade
