// SPDX-License-Identifier: Apache-2.0
// Targets and weights as files hold them.
#include <cstdint>
#include <numeric>
#include <utility>

#include "host/data/format.hpp"
#include "host/data/targets.hpp"

namespace glissade {

TargetColumn targets_in_table(std::shared_ptr<const Table> table, std::optional<std::int64_t> column) {
    TargetColumn target;
    target.first_column = column.value_or(0);
    const std::int64_t rows = table->rows();
    if (const auto* sparse = std::get_if<SparseTable>(&table->content)) {
        target.values = sparse->labels;
        target.spelling = sparse->spelling;
    } else if (const auto* array = std::get_if<ArrayTable>(&table->content)) {
        target.values.resize(static_cast<std::size_t>(rows));
        for (std::int64_t r = 0; r < rows; ++r) array->read(r, *column, 1, &target.values[static_cast<std::size_t>(r)]);
        target.holds_booleans = array->type == ElementType::boolean;
    } else {
        const auto& text = std::get<TextTable>(table->content);
        for (std::int64_t r = 0; r < rows; ++r) target.values.push_back(text.cell(r, *column));
        target.holds_words = text.columns[static_cast<std::size_t>(*column)].use == ColumnUse::text;
        target.words = text.columns[static_cast<std::size_t>(*column)].dictionary;
        target.spelling = text.spelling;
    }
    target.table = std::move(table);
    return target;
}

TargetColumn several_targets(std::shared_ptr<const Table> table, const std::vector<std::int64_t>& columns) {
    const std::size_t count = columns.size();
    TargetColumn target;
    target.count = static_cast<std::int64_t>(count);
    target.first_column = columns[0];
    target.columns = columns;
    for (std::size_t c = 0; c < count; ++c) {
        const TargetColumn one = targets_in_table(table, columns[c]);
        if (one.holds_words) fail(ErrorKind::data, one.where(0) + ": several targets must all be numbers");
        target.values.resize(one.values.size() * count);
        for (std::size_t r = 0; r < one.values.size(); ++r) target.values[r * count + c] = one.values[r];
        const auto* text = std::get_if<TextTable>(&table->content);
        target.is_named = text != nullptr && text->head.has_header;
        target.names.push_back(text != nullptr ? text->head.names[static_cast<std::size_t>(columns[c])] : std::to_string(columns[c]));
    }
    target.table = std::move(table);
    return target;
}

TargetColumn weights_in_table(std::shared_ptr<const Table> table) {
    TargetColumn weights;
    weights.values = std::get<SparseTable>(table->content).weights;
    weights.table = std::move(table);
    return weights;
}

TargetColumn targets_in_file(const std::string& path, const LoadOptions& options, MemoryBudget& budget, const Table& data) {
    ReadOptions read;
    read.na_values = options.na_values;
    read.threads = options.threads;
    read.budget = &budget;
    bool has_header = false;
    const auto plan = [&](const TableHead& head) {
        has_header = head.has_header;
        return ColumnPlan{std::vector<ColumnUse>(head.names.size(), ColumnUse::infer), head.names.size() == 1 ? 0 : -1};
    };
    auto table = std::make_shared<const Table>(read_table(path, read, plan));
    if (table->rows() + 1 == data.rows() && has_header) {  // words only: the first of them is a label, as the number of rows tells
        read.header = HeaderMode::no;
        table = std::make_shared<const Table>(read_table(path, read, plan));
    }
    if (table->rows() != data.rows()) {
        fail(ErrorKind::data,
             path + " has " + std::to_string(table->rows()) + " rows, " + data.file->name() + " has " + std::to_string(data.rows()));
    }
    if (std::holds_alternative<SparseTable>(table->content)) return targets_in_table(table, std::nullopt);
    const auto* array = std::get_if<ArrayTable>(&table->content);
    const std::int64_t columns =
        array != nullptr ? array->columns : static_cast<std::int64_t>(std::get<TextTable>(table->content).columns.size());
    if (columns == 1) return targets_in_table(table, 0);
    std::vector<std::int64_t> all(static_cast<std::size_t>(columns));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    return several_targets(table, all);
}

}  // namespace glissade
