// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/data/load.hpp"
#include "host/data/matrix_source.hpp"
#include "host/data/roles.hpp"
#include "host/data/table.hpp"
#include "host/data/targets.hpp"

namespace glissade {

/// A data file in memory together with what its columns are for.
struct LoadedTable {
    std::shared_ptr<const Table> table;
    Roles roles;
    bool hashes_text = false;  ///< a missing cell in a text column is then a text like any other

    bool is_sparse() const { return std::holds_alternative<SparseTable>(table->content); }
    std::int64_t file_columns() const;
    const TableHead* head() const;  ///< of a text table, else null
    /// Feature columns, or with `all` also target and weight, for reading cells. Not for sparse tables.
    CellReader cells(bool all) const;
    /// The same without features that are text, if that is hashed: the columns in which a missing cell needs a policy.
    CellReader cells_with_policy(bool all) const;
};

/// What is done with a file for training, or for a model.
LoadedTable read_for_training(const std::string& path, const LoadOptions& options, MemoryBudget& budget);
LoadedTable read_for_model(const std::string& path, const LoadOptions& options, const ModelContract& contract, bool target_required,
                           MemoryBudget& budget);

/// Targets and weights, from columns or files of their own; none if the file has none.
std::optional<TargetColumn> find_targets(const LoadedTable& loaded, const LoadOptions& options, MemoryBudget& budget);
std::optional<TargetColumn> find_weights(const LoadedTable& loaded, const LoadOptions& options, MemoryBudget& budget);

/// All rows, or under the policy `drop` those without a missing cell in a used column; under `error` a missing feature is refused.
std::vector<std::int64_t> usable_rows(const LoadedTable& loaded, MissingPolicy policy);

}  // namespace glissade
