// SPDX-License-Identifier: Apache-2.0
#include "host/data/loaded_table.hpp"

#include <algorithm>

#include "host/data/columns.hpp"
#include "host/data/format.hpp"
#include "host/data/number.hpp"
#include "host/data/text_fault.hpp"

namespace glissade {
namespace {

ReadOptions read_options(const LoadOptions& options, MemoryBudget& budget) {
    ReadOptions read;
    read.format = options.format;
    read.delimiter = options.delimiter;
    read.header = options.header;
    read.na_values = options.na_values;
    read.hash_bits = options.hash_bits;
    read.threads = options.threads;
    read.budget = &budget;
    return read;
}

/// The columns of an array as those of a table without header.
TableHead head_of_array(const Table& table) {
    const auto& array = std::get<ArrayTable>(table.content);
    TableHead head;
    head.file = table.file->name();
    for (std::int64_t c = 0; c < array.columns; ++c) head.names.push_back(std::to_string(c));
    for (std::int64_t r = 0; r < std::min<std::int64_t>(array.rows, 3); ++r) {
        std::vector<double> cells(static_cast<std::size_t>(array.columns));
        array.read(r, 0, array.columns, cells.data());
        head.first_rows.emplace_back();
        for (const double cell : cells) head.first_rows.back().push_back(shortest_text(cell));
    }
    return head;
}

void refuse_column_flags(const Table& table, const LoadOptions& options) {
    const std::string file = table.file->name() + " is " + table.format;
    if (options.weight || !options.columns.empty() || !options.drop_columns.empty())
        fail(ErrorKind::usage, file + ", which has no columns: --weight, --columns and --drop-columns do not apply");
    if (options.target) fail(ErrorKind::usage, file + ", which carries its own targets: leave --target out, or give --target-file");
}

/// Sparse rows are of no use to a model of named columns, and hashed ones only to a model of the same.
void refuse_other_form(const Table& table, const Preparation& preparation) {
    const std::string file = table.file->name() + " is " + table.format;
    const bool is_sparse = std::holds_alternative<SparseTable>(table.content), is_vw = table.format == "vw";
    if (is_sparse && !preparation.columns.empty()) fail(ErrorKind::data, file + "; the model was trained on a table and needs its columns");
    if (is_vw == (preparation.format == "vw")) return;
    fail(ErrorKind::data,
         file + (is_vw ? ", whose features are hashed names; the model was trained on numbered columns"
                       : "; the model was trained on vw text, whose features are hashed names (--format vw reads such a file)"));
}

ColumnPlan plan_of(const Roles& roles, std::size_t width, const LoadOptions& options) {
    ColumnPlan plan;
    plan.uses.assign(width, ColumnUse::skip);
    for (const std::int64_t feature : roles.features) plan.uses[static_cast<std::size_t>(feature)] = ColumnUse::infer;
    if (roles.weight) plan.uses[static_cast<std::size_t>(*roles.weight)] = ColumnUse::number;
    for (const std::int64_t target : roles.targets)
        plan.uses[static_cast<std::size_t>(target)] = options.map_label.empty() ? ColumnUse::infer : ColumnUse::text;
    if (roles.targets.size() == 1) plan.label = roles.targets[0];
    return plan;
}

std::optional<TrainedLayout> layout_of(const Preparation& preparation) {
    if (preparation.format != "csv" || preparation.columns.empty()) return std::nullopt;
    TrainedLayout layout{preparation.delimiter, preparation.has_header, {}};
    for (const SourceColumn& column : preparation.columns) layout.names.push_back(column.name);
    return layout;
}

/// A model of a file without header takes line 1 for a row; where the line cannot be one, the message says what may be meant.
void refuse_unexpected_header(const TableHead& head, const ColumnPlan& plan, const ReadOptions& read) {
    if (read.header != HeaderMode::automatic || !read.trained_on || head.has_header) return;
    for (std::size_t c = 0; c < plan.uses.size(); ++c) {
        const std::string& cell = head.first_rows[0][c];
        const bool is_missing = std::find(read.na_values.begin(), read.na_values.end(), cell) != read.na_values.end();
        if (plan.uses[c] != ColumnUse::number || is_missing || classify_cell(cell) != CellClass::word) continue;
        if (plan.booleans.contains(static_cast<std::int64_t>(c))) continue;
        fail(ErrorKind::data, at_text(head.file, 1, static_cast<std::int64_t>(c) + 1,
                                      quoted(cell) + " is not a number; the model was trained on a file without header, so line 1 is a "
                                                     "row: if it is a header here, --header yes"));
    }
}

void refuse_map_of_several(const LoadOptions& options) {
    if (!options.map_label.empty())
        fail(ErrorKind::usage, "--map-label renames the classes of one target; several targets are numbers, labels 0 or 1");
}

}  // namespace

const TableHead* LoadedTable::head() const {
    const auto* text = std::get_if<TextTable>(&table->content);
    return text == nullptr ? nullptr : &text->head;
}

std::int64_t LoadedTable::file_columns() const {
    if (const auto* text = std::get_if<TextTable>(&table->content)) return static_cast<std::int64_t>(text->columns.size());
    if (const auto* array = std::get_if<ArrayTable>(&table->content)) return array->columns;
    return std::get<SparseTable>(table->content).columns;
}

CellReader LoadedTable::cells(bool all) const {
    std::vector<std::int64_t> positions = roles.features;
    if (all) positions.insert(positions.end(), roles.targets.begin(), roles.targets.end());
    if (all && roles.weight) positions.push_back(*roles.weight);
    return {*table, positions};
}

CellReader LoadedTable::cells_with_policy(bool all) const {
    std::vector<std::int64_t> positions = cells(all).positions();
    if (const auto* text = std::get_if<TextTable>(&table->content); text != nullptr && hashes_text) {
        std::erase_if(positions, [&](std::int64_t position) {
            return std::find(roles.targets.begin(), roles.targets.end(), position) == roles.targets.end() &&
                   text->columns[static_cast<std::size_t>(position)].use == ColumnUse::text;
        });
    }
    return {*table, positions};
}

LoadedTable read_for_training(const std::string& path, const LoadOptions& options, MemoryBudget& budget) {
    LoadedTable loaded;
    loaded.hashes_text = options.hash_bits > 0;
    loaded.table = std::make_shared<const Table>(read_table(path, read_options(options, budget), [&](const TableHead& head) {
        loaded.roles = training_roles(head, options);
        return plan_of(loaded.roles, head.names.size(), options);
    }));
    if (loaded.is_sparse()) refuse_column_flags(*loaded.table, options);
    if (std::holds_alternative<ArrayTable>(loaded.table->content)) loaded.roles = training_roles(head_of_array(*loaded.table), options);
    return loaded;
}

LoadedTable read_for_model(const std::string& path, const LoadOptions& options, const ModelContract& contract, bool target_required,
                           MemoryBudget& budget) {
    const Preparation& preparation = contract.preparation;
    ReadOptions read = read_options(options, budget);
    read.na_values.insert(read.na_values.end(), preparation.na_values.begin(), preparation.na_values.end());
    read.trained_on = layout_of(preparation);
    if (preparation.columns.empty()) read.most_features = preparation.file_columns;
    read.hash_bits = preparation.hash_bits;
    LoadedTable loaded;
    loaded.hashes_text = preparation.hash_bits > 0;
    loaded.table = std::make_shared<const Table>(read_table(path, read, [&](const TableHead& head) {
        loaded.roles = model_roles(head, options, preparation, target_required);
        if (!target_required) loaded.roles.targets.clear();
        ColumnPlan plan = plan_of(loaded.roles, head.names.size(), options);
        for (std::size_t i = 0; i < loaded.roles.features.size(); ++i) {
            const bool is_text = !preparation.columns.empty() && preparation.columns[i].kind != ColumnKind::numeric;
            plan.uses[static_cast<std::size_t>(loaded.roles.features[i])] = is_text ? ColumnUse::text : ColumnUse::number;
            if (!preparation.columns.empty() && preparation.columns[i].is_boolean) plan.booleans.insert(loaded.roles.features[i]);
        }
        refuse_unexpected_header(head, plan, read);
        return plan;
    }));
    refuse_other_form(*loaded.table, preparation);
    if (loaded.is_sparse()) {
        refuse_column_flags(*loaded.table, options);
    } else if (std::holds_alternative<ArrayTable>(loaded.table->content)) {
        const TableHead head = head_of_array(*loaded.table);
        const auto is_text = [](const SourceColumn& column) { return column.kind != ColumnKind::numeric; };
        const auto text = std::find_if(preparation.columns.begin(), preparation.columns.end(), is_text);
        if (text != preparation.columns.end())
            fail(ErrorKind::data, path + " is an array; the model needs the text column \"" + text->name + "\"");
        loaded.roles = model_roles(head, options, preparation, target_required);
        if (!target_required) loaded.roles.targets.clear();
    }
    return loaded;
}

std::optional<TargetColumn> find_targets(const LoadedTable& loaded, const LoadOptions& options, MemoryBudget& budget) {
    std::optional<TargetColumn> target;
    if (!options.target_file.empty()) {
        target = targets_in_file(options.target_file, options, budget, *loaded.table);
    } else if (loaded.is_sparse()) {
        target = targets_in_table(loaded.table, std::nullopt);
    } else if (loaded.roles.targets.size() == 1) {
        target = targets_in_table(loaded.table, loaded.roles.targets[0]);
    } else if (!loaded.roles.targets.empty()) {
        refuse_map_of_several(options);
        target = several_targets(loaded.table, loaded.roles.targets);
    }
    if (target && target->count > 1) refuse_map_of_several(options);
    if (target) map_labels(*target, options.map_label);
    return target;
}

std::optional<TargetColumn> find_weights(const LoadedTable& loaded, const LoadOptions& options, MemoryBudget& budget) {
    const auto* sparse = std::get_if<SparseTable>(&loaded.table->content);
    if (sparse != nullptr && !sparse->weights.empty()) {
        if (!options.weight_file.empty())
            fail(ErrorKind::usage, loaded.table->file->name() + " has weights of its own (importances): leave --weight-file out");
        return weights_in_table(loaded.table);
    }
    if (!options.weight_file.empty()) return targets_in_file(options.weight_file, options, budget, *loaded.table);
    if (loaded.roles.weight) return targets_in_table(loaded.table, loaded.roles.weight);
    return std::nullopt;
}

std::vector<std::int64_t> usable_rows(const LoadedTable& loaded, MissingPolicy policy) {
    if (!loaded.is_sparse() && policy == MissingPolicy::drop) {
        std::vector<std::int64_t> rows = complete_rows(loaded.cells_with_policy(true));
        if (rows.empty())
            fail(ErrorKind::data, loaded.table->file->name() + ": every row has a missing cell; " +
                                      advice_for(*loaded.table, "--missing drop", "missing='drop'") + " leaves none");
        return rows;
    }
    if (!loaded.is_sparse() && policy == MissingPolicy::error) refuse_missing(loaded.cells_with_policy(false));
    std::vector<std::int64_t> rows(static_cast<std::size_t>(loaded.table->rows()));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    return rows;
}

}  // namespace glissade
