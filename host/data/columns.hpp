// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "glissade/preparation.hpp"
#include "host/data/matrix_source.hpp"
#include "host/data/table.hpp"

namespace glissade {

constexpr std::size_t most_categories = 1000;

/// Advice: by the flags of the command line, or in plain words where the table is no file.
std::string advice_for(const Table& table, const std::string& flags, const std::string& words);

/// Name, categories and indicator of each feature column. Whether it holds numbers or text the file has told; the rest is learnt from
/// `rows` alone. Fills are left at 0. With `hashes_text`, text columns are hashed and have no categories. Throws Error(data) for another
/// text column of more than 1000 categories.
std::vector<SourceColumn> learn_columns(const CellReader& cells, std::span<const std::int64_t> rows, MissingPolicy missing,
                                        bool hashes_text, int threads);

/// Sets the fills: the mean of each numeric column and the commonest category of each categorical one, over `rows`. Throws Error(data)
/// for a column with missing cells that has no others.
void learn_fills(Preparation& preparation, const CellReader& cells, std::span<const std::int64_t> rows, int threads);

/// Both of them, by the policy of the preparation, and a line about each column of text. With `hashes_text`, Error(usage) where there is
/// none.
std::vector<std::string> learn_features(const CellReader& cells, std::span<const std::int64_t> rows, bool hashes_text, int threads,
                                        Preparation& preparation);

/// Missing cells in each column.
std::vector<std::int64_t> count_missing(const CellReader& cells);

/// Throws Error(data) if there are missing cells: how many in each column, where the first stands, and the flag that says what to do.
void refuse_missing(const CellReader& cells);

/// The rows without a missing cell.
std::vector<std::int64_t> complete_rows(const CellReader& cells);

/// Cells of `rows` whose category the preparation does not know, a line for each column that has some. Throws Error(data) naming the first
/// one where the policy is `error`.
std::vector<std::string> check_unknown(const CellReader& cells, std::span<const std::int64_t> rows, const Preparation& preparation,
                                       UnknownPolicy policy);

}  // namespace glissade
