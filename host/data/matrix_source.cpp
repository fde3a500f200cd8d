// SPDX-License-Identifier: Apache-2.0
#include "host/data/matrix_source.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "host/data/number.hpp"

namespace glissade {
namespace {

class PreparedSource : public MatrixSource {
public:
    PreparedSource(CellReader cells, const Preparation& preparation) : cells_(std::move(cells)), columns_(preparation.columns) {
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const SourceColumn& column = columns_[c];
            forms_.push_back({column.kind == ColumnKind::numeric, column.has_indicator, width_, column.fill});
            width_ +=
                column.kind == ColumnKind::numeric ? (column.has_indicator ? 2 : 1) : static_cast<std::int64_t>(column.categories.size());
            owners_.resize(static_cast<std::size_t>(width_), c);
            categories_.emplace_back();
            missing_category_.push_back(-1);
            if (column.kind == ColumnKind::numeric) continue;
            missing_category_.back() = missing_category(preparation.missing, column);
            const auto& text = std::get<TextTable>(cells_.table().content);
            categories_.back() = categories_of_words(text.columns[static_cast<std::size_t>(cells_.positions()[c])], column);
        }
        const auto* array = std::get_if<ArrayTable>(&cells_.table().content);
        number_rule_ = array != nullptr && array->type == ElementType::u8 ? ScalingRule::bytes : ScalingRule::z_score;
    }

    std::int64_t columns() const override { return width_; }

    void read(std::span<const std::int64_t> rows, double* out) const override {
        std::vector<double> cells(columns_.size());
        for (const std::int64_t row : rows) {
            cells_.read(row, cells.data());
            for (std::size_t c = 0; c < forms_.size(); ++c) write(c, cells[c], out + forms_[c].start);
            out += width_;
        }
    }

    ScalingRule rule(std::int64_t column) const override {
        const std::size_t owner = owners_[static_cast<std::size_t>(column)];
        return forms_[owner].is_number && column == forms_[owner].start ? number_rule_ : ScalingRule::none;
    }

    std::string where(std::int64_t row, std::int64_t column) const override {
        return cells_.table().where(row, cells_.positions()[owners_[static_cast<std::size_t>(column)]]);
    }

private:
    /// The category that a missing cell of a categorical column falls into; -1 for none.
    static std::int32_t missing_category(MissingPolicy policy, const SourceColumn& column) {
        if (policy != MissingPolicy::indicator) return static_cast<std::int32_t>(column.fill);
        const auto found = std::find(column.categories.begin(), column.categories.end(), "?");
        return found == column.categories.end() ? -1 : static_cast<std::int32_t>(found - column.categories.begin());
    }

    void write(std::size_t c, double cell, double* out) const {
        const Form& form = forms_[c];
        const bool is_missing = std::isnan(cell);
        if (form.is_number) {
            out[0] = is_missing ? form.fill : cell;
            if (form.has_indicator) out[1] = is_missing ? 1 : 0;
            return;
        }
        std::fill_n(out, columns_[c].categories.size(), 0.0);
        const std::int32_t category = is_missing ? missing_category_[c] : categories_[c][static_cast<std::size_t>(cell)];
        if (category >= 0) out[category] = 1;
    }

    /// What a cell of a source column becomes; `start` is its first matrix column.
    struct Form {
        bool is_number = false, has_indicator = false;
        std::int64_t start = 0;
        double fill = 0;
    };

    CellReader cells_;
    std::vector<SourceColumn> columns_;
    std::int64_t width_ = 0;
    std::vector<Form> forms_;          ///< of each source column
    std::vector<std::size_t> owners_;  ///< source column of each matrix column
    std::vector<std::vector<std::int32_t>> categories_;
    std::vector<std::int32_t> missing_category_;
    ScalingRule number_rule_ = ScalingRule::z_score;
};

class ArraySource : public MatrixSource {
public:
    explicit ArraySource(const Table& table) : table_(table), array_(std::get<ArrayTable>(table.content)) {}
    std::int64_t columns() const override { return array_.columns; }
    void read(std::span<const std::int64_t> rows, double* out) const override {
        for (const std::int64_t row : rows) {
            array_.read(row, 0, array_.columns, out);
            out += array_.columns;
        }
    }
    ScalingRule rule(std::int64_t /*column*/) const override {
        if (array_.type == ElementType::boolean) return ScalingRule::none;
        return array_.type == ElementType::u8 ? ScalingRule::bytes : ScalingRule::z_score;
    }
    std::string where(std::int64_t row, std::int64_t column) const override { return table_.where(row, column); }

private:
    const Table& table_;
    const ArrayTable& array_;
};

class FilledSource : public MatrixSource {
public:
    FilledSource(const Table& table, std::int64_t columns)
        : table_(table), sparse_(std::get<SparseTable>(table.content)), columns_(columns) {}
    std::int64_t columns() const override { return columns_; }
    void read(std::span<const std::int64_t> rows, double* out) const override {
        std::fill_n(out, static_cast<std::int64_t>(rows.size()) * columns_, 0.0);
        for (const std::int64_t row : rows) {
            const SparseTable::Row entries = sparse_.row(row);
            for (std::size_t i = 0; i < entries.indices.size(); ++i) out[entries.indices[i]] = entries.value(i);
            out += columns_;
        }
    }
    ScalingRule rule(std::int64_t /*column*/) const override { return ScalingRule::none; }
    std::string where(std::int64_t row, std::int64_t column) const override { return table_.where(row, column); }

private:
    const Table& table_;
    const SparseTable& sparse_;
    std::int64_t columns_;
};

}  // namespace

CellReader::CellReader(const Table& table, std::vector<std::int64_t> positions) : table_(table), positions_(std::move(positions)) {
    const auto* text = std::get_if<TextTable>(&table_.content);
    for (const std::int64_t position : positions_) {
        if (text != nullptr) {
            const TextColumn& column = text->columns[static_cast<std::size_t>(position)];
            slots_.push_back({column.use == ColumnUse::number, column.slot});
        } else if (!runs_.empty() && position == runs_.back().first + runs_.back().count) {
            ++runs_.back().count;
        } else {
            runs_.push_back({position, 1});
        }
    }
}

void CellReader::read(std::int64_t row, double* cells) const {
    const auto* text = std::get_if<TextTable>(&table_.content);
    if (text == nullptr) {
        const auto& array = std::get<ArrayTable>(table_.content);
        for (const Run& run : runs_) {
            array.read(row, run.first, run.count, cells);
            cells += run.count;
        }
        return;
    }
    const TextChunk& chunk = text->chunk_of(row);
    const double* const values = chunk.values.data() + (row - chunk.first_row) * text->number_columns;
    const std::uint32_t* const codes = chunk.codes.data() + (row - chunk.first_row) * text->text_columns;
    for (const Slot& slot : slots_) {
        if (slot.is_number) {
            *cells++ = values[slot.place];
        } else {
            *cells++ = codes[slot.place] == missing_code ? missing_number : codes[slot.place];
        }
    }
}

std::vector<std::int32_t> categories_of_words(const TextColumn& column, const SourceColumn& known) {
    std::unordered_map<std::string_view, std::int32_t> places;
    for (const std::string& category : known.categories) places.try_emplace(category, static_cast<std::int32_t>(places.size()));
    std::vector<std::int32_t> categories;
    for (const std::string& word : column.dictionary) {
        const auto found = places.find(word);
        categories.push_back(found == places.end() ? -1 : found->second);
    }
    return categories;
}

std::unique_ptr<MatrixSource> prepared_source(CellReader cells, const Preparation& preparation) {
    return std::make_unique<PreparedSource>(std::move(cells), preparation);
}

std::unique_ptr<MatrixSource> plain_source(const Table& table, std::int64_t columns) {
    if (std::holds_alternative<SparseTable>(table.content)) return std::make_unique<FilledSource>(table, columns);
    return std::make_unique<ArraySource>(table);
}

void refuse_unusable(const MatrixSource& source, std::span<const std::int64_t> rows, const double* values, RealType type) {
    const std::int64_t width = source.columns(), count = static_cast<std::int64_t>(rows.size()) * width;
    const double limit = overflow_limit(type);
    bool usable = true;
    for (std::int64_t i = 0; i < count; ++i) usable = usable & (std::abs(values[i]) < limit);  // no branch: vectorised
    for (std::int64_t i = 0; !usable && i < count; ++i) {
        const std::string why = why_unusable(values[i], type);
        if (why.empty()) continue;
        const std::string place = source.where(rows[static_cast<std::size_t>(i / width)], i % width);
        fail(ErrorKind::data, place + (std::isfinite(values[i]) ? ": " : ": the value ") + why);
    }
}

void for_each_block(const MatrixSource& source, std::span<const std::int64_t> rows,
                    const std::function<void(std::span<const std::int64_t>, const double*)>& use) {
    constexpr std::int64_t block_values = 32768;  // 256 KB of doubles: stays in a second-level cache
    const auto block_rows =
        static_cast<std::size_t>(std::clamp<std::int64_t>(block_values / std::max<std::int64_t>(source.columns(), 1), 1, 1024));
    std::vector<double> values(std::min(block_rows, rows.size()) * static_cast<std::size_t>(source.columns()));
    for (std::size_t first = 0; first < rows.size(); first += block_rows) {
        const auto block = rows.subspan(first, std::min(block_rows, rows.size() - first));
        source.read(block, values.data());
        use(block, values.data());
    }
}

}  // namespace glissade
