// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "host/data/input_file.hpp"
#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// The head of a text table and where its rows begin.
struct CsvLayout {
    TableHead head;
    std::string_view body;       ///< from the first row to the end of the file
    std::int64_t body_line = 1;  ///< line of the file where the body begins
};

/// Finds delimiter, header and column names from the first lines. Throws Error(data).
CsvLayout find_csv_layout(const InputFile& file, const ReadOptions& options);

/// The delimiter that the first line speaks for: tab, ';' or ',' outside quotes, else runs of blanks.
char find_delimiter(std::string_view text);

}  // namespace glissade
