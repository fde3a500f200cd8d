// SPDX-License-Identifier: Apache-2.0
// Tables in memory by the rules for files.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "host/data/columns.hpp"
#include "host/data/encode.hpp"
#include "host/data/memory_table.hpp"
#include "host/data/number.hpp"
#include "host/data/row_encoder.hpp"

namespace glissade {
namespace {

/// A target or a weight that no run can take is refused here, by its row in the table: rows without it may have been left out.
double usable(double value, const char* what, std::int64_t row, RealType type) {
    const std::string why = std::isnan(value) ? "is missing" : why_unusable(value, type);
    if (!why.empty()) fail(ErrorKind::data, "the table, row " + std::to_string(row) + ": the " + what + " " + why);
    return value;
}

double usable_weight(double value, std::int64_t row, RealType type) {
    if (usable(value, "weight", row, type) < 0) {
        fail(ErrorKind::data,
             "the table, row " + std::to_string(row) + ": the weight is " + shortest_text(value) + "; weights are finite and not negative");
    }
    return value;
}

/// Targets and weights of some rows as the data set holds them: targets in the units of the contract, where it has such.
void give_targets(const MemoryTable& table, std::span<const std::int64_t> rows, const ModelContract& contract, EncodeRequest& request) {
    request.target_count = table.target_count;
    const bool scaled = static_cast<std::int64_t>(contract.target_scale.size()) == table.target_count && table.target_count > 0;
    for (const std::int64_t row : rows) {
        if (!table.weights.empty())
            request.weights.push_back(usable_weight(table.weights[static_cast<std::size_t>(row)], row, request.type));
        for (std::size_t t = 0; t < static_cast<std::size_t>(table.target_count); ++t) {
            const double value = usable(table.targets[static_cast<std::size_t>(row * table.target_count) + t], "target", row, request.type);
            request.targets.push_back(scaled ? (value - contract.target_shift[t]) / contract.target_scale[t] : value);
        }
    }
}

Dataset encode_table(const LoadedTable& loaded, const MemoryTable& table, std::span<const std::int64_t> rows, const LoadOptions& options,
                     const ModelContract& contract, MemoryBudget& budget) {
    const std::unique_ptr<SparseSource> sparse = loaded.hashes_text ? sparse_source(loaded, contract) : nullptr;
    const std::unique_ptr<MatrixSource> dense = sparse ? nullptr : dense_source(loaded, contract.preparation);
    EncodeRequest request;
    request.source = dense.get();
    request.sparse = sparse.get();
    request.rows = rows;
    request.input = &contract.input;
    request.type = options.real_type;
    give_targets(table, rows, contract, request);
    request.threads = options.threads;
    request.budget = &budget;
    request.file = loaded.table->file->name();
    Dataset data = encode(request);
    data.feature_names = contract.preparation.feature_names();
    data.input = contract.input;
    if (static_cast<std::int64_t>(contract.target_scale.size()) == table.target_count) {
        data.target_scale = contract.target_scale;
        data.target_shift = contract.target_shift;
    }
    data.preparation = std::make_shared<const Preparation>(contract.preparation);
    return data;
}

std::string dropped_rows(const LoadedTable& loaded, std::span<const std::int64_t> rows) {
    return "the table: " + count_text(loaded.table->rows() - std::ssize(rows), "row") + " with missing cells";
}

/// The first cell of a column that holds something, for a message; none if all of its cells are missing.
std::optional<std::string> first_cell(const MemoryColumn& column) {
    for (std::size_t r = 0; r < std::max(column.codes.size(), column.numbers.size()); ++r) {
        if (column.is_text ? column.codes[r] < 0 : std::isnan(column.numbers[r])) continue;
        const std::string cell =
            column.is_text ? quoted(column.words[static_cast<std::size_t>(column.codes[r])]) : shortest_text(column.numbers[r]);
        return cell + " in row " + std::to_string(r);
    }
    return std::nullopt;
}

TakenColumn taken_as(const MemoryColumn& column, const SourceColumn& wanted) {
    const bool is_text = wanted.kind != ColumnKind::numeric;
    if (column.is_text != is_text) {
        if (const auto cell = first_cell(column)) {
            fail(ErrorKind::data,
                 "column " + quoted(wanted.name) + " has " + *cell + ", where the model has " + (is_text ? "text" : "numbers"));
        }
    }
    return {&column, is_text};
}

std::vector<TakenColumn> columns_by_name(const MemoryTable& table, const Preparation& preparation) {
    std::vector<TakenColumn> taken;
    for (const SourceColumn& wanted : preparation.columns) {
        const auto is_wanted = [&](const MemoryColumn& column) { return table.name_of(column) == wanted.name; };
        const auto found = std::find_if(table.columns.begin(), table.columns.end(), is_wanted);
        if (found == table.columns.end()) {
            std::string names;
            for (const MemoryColumn& column : table.columns) names += (names.empty() ? "" : ", ") + table.name_of(column);
            fail(ErrorKind::data, "the table has no column " + quoted(wanted.name) + ", which the model needs; its columns are: " + names);
        }
        if (std::find_if(found + 1, table.columns.end(), is_wanted) != table.columns.end())
            fail(ErrorKind::data, "two columns are called " + quoted(wanted.name));
        taken.push_back(taken_as(*found, wanted));
    }
    return taken;
}

/// The model's columns alone, or those of the table that it was trained on.
std::vector<TakenColumn> columns_by_position(const MemoryTable& table, const Preparation& preparation) {
    const std::size_t width = table.columns.size();
    const bool alone = width == preparation.columns.size();
    if (!alone && static_cast<std::int64_t>(width) != preparation.file_columns) {
        fail(ErrorKind::data, "the table has " + count_text(static_cast<std::int64_t>(width), "column") +
                                  " without names to tell them by; the model reads " + std::to_string(preparation.columns.size()));
    }
    std::vector<TakenColumn> taken;
    for (std::size_t c = 0; c < preparation.columns.size(); ++c) {
        const SourceColumn& wanted = preparation.columns[c];
        taken.push_back(taken_as(table.columns[alone ? c : static_cast<std::size_t>(wanted.position)], wanted));
    }
    return taken;
}

/// What the table itself tells: everything but categories and fills.
Preparation preparation_of(const MemoryTable& table, const LoadOptions& options) {
    Preparation preparation;
    preparation.file_columns = table.all_columns;
    preparation.missing = options.missing.value_or(MissingPolicy::error);
    preparation.unknown = options.unknown.value_or(UnknownPolicy::ignore);
    preparation.format = "csv";  // the files that hold the same columns
    preparation.sparse = options.hash_bits > 0;
    preparation.hash_bits = options.hash_bits;
    preparation.has_header = table.has_names;
    preparation.target_names = table.target_names;
    preparation.target_positions = table.target_positions;
    return preparation;
}

}  // namespace

LoadedData learn_table(const MemoryTable& table, const LoadOptions& options) {
    table.check();
    MemoryBudget budget(options.memory_limit_bytes);
    std::vector<TakenColumn> taken;
    for (const MemoryColumn& column : table.columns) taken.push_back({&column, column.is_text});
    LoadedTable loaded = loaded_table(table, taken, {}, options.threads, budget);
    loaded.hashes_text = options.hash_bits > 0;
    if (table.rows == 0) fail(ErrorKind::data, "the table has no rows");
    ModelContract contract;
    Preparation& preparation = contract.preparation = preparation_of(table, options);
    const std::vector<std::int64_t> rows = usable_rows(loaded, preparation.missing);
    LoadedData out;
    out.notes = learn_features(loaded.cells(false), rows, loaded.hashes_text, options.threads, preparation);
    for (std::size_t c = 0; c < taken.size(); ++c) {
        preparation.columns[c].position = taken[c].from->position;
        preparation.columns[c].is_boolean = taken[c].from->is_boolean;
    }
    if (std::ssize(rows) < table.rows) out.notes.push_back(dropped_rows(loaded, rows) + " dropped");
    out.data = encode_table(loaded, table, rows, options, contract, budget);
    return out;
}

LoadedData table_for_model(const MemoryTable& table, const LoadOptions& options, const ModelContract& contract) {
    table.check();
    const Preparation& preparation = contract.preparation;
    if (preparation.columns.empty()) fail(ErrorKind::usage, "the model was trained on a matrix and knows no columns of a table");
    MemoryBudget budget(options.memory_limit_bytes);
    const bool by_name = preparation.has_header && table.has_names;
    const std::vector<TakenColumn> taken = by_name ? columns_by_name(table, preparation) : columns_by_position(table, preparation);
    LoadedTable loaded = loaded_table(table, taken, preparation.na_values, options.threads, budget);
    loaded.hashes_text = preparation.hash_bits > 0;
    const std::vector<std::int64_t> rows = usable_rows(loaded, options.missing.value_or(preparation.missing));
    LoadedData out;
    if (std::ssize(rows) < table.rows) {
        if (table.targets.empty()) fail(ErrorKind::data, dropped_rows(loaded, rows) + " would get no prediction: fill them");
        out.notes.push_back(dropped_rows(loaded, rows) + " dropped");
    }
    for (std::string& note : check_unknown(loaded.cells(false), rows, preparation, options.unknown.value_or(preparation.unknown)))
        out.notes.push_back(std::move(note));
    out.data = encode_table(loaded, table, rows, options, contract, budget);
    return out;
}

}  // namespace glissade
