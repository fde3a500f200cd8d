// SPDX-License-Identifier: Apache-2.0
#include "host/data/csv.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "host/data/csv_chunk.hpp"
#include "host/data/csv_layout.hpp"
#include "host/data/number.hpp"
#include "host/data/parallel.hpp"
#include "host/data/text_split.hpp"

namespace glissade {
namespace {

constexpr std::int64_t sample_rows = 200;

class CsvReader {
public:
    CsvReader(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner)
        : file_(std::move(file)), options_(options), missing_(options.na_values), layout_(find_csv_layout(*file_, options)) {
        const ColumnPlan plan = planner(layout_.head);
        asked_ = plan.uses;
        chunk_plan_ = {layout_.head.delimiter, plan.uses, {}, plan.label, plan.booleans, &missing_, &file_->name()};
        for (const ColumnUse use : asked_) chunk_plan_.fixed.push_back(use != ColumnUse::infer);
    }

    Table read() {
        guess_uses();
        pieces_ = split_rows(layout_.body, options_.threads);
        read_chunks();
        if (settle_uses()) {
            chunks_.clear();
            read_chunks();
            settle_uses();
        }
        Table table{file_, "csv", assemble()};
        return table;
    }

private:
    /// The uses that the first rows speak for. A wrong guess costs a second reading, nothing else.
    void guess_uses() {
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            if (asked_[i] == ColumnUse::infer) chunk_plan_.uses[i] = ColumnUse::number;
        }
        const std::string_view start = layout_.body.substr(0, std::min<std::size_t>(layout_.body.size(), std::size_t{1} << 20));
        const CsvChunk sample = read_csv_chunk(start, chunk_plan_, *options_.budget, sample_rows);
        options_.budget->give_back(static_cast<std::int64_t>(sample.data.values.size() * 8 + sample.data.codes.size() * 4));
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            const ColumnTally& tally = sample.tallies[i];
            if (asked_[i] == ColumnUse::infer && tally.words + tally.malformed > tally.numbers) chunk_plan_.uses[i] = ColumnUse::text;
        }
    }

    void read_chunks() {
        const auto count = static_cast<std::int64_t>(pieces_.size());
        chunks_.resize(pieces_.size());
        std::atomic<std::int64_t> first_fault{count};
        parallel_for(count, options_.threads, [&](std::int64_t i) {
            if (i > first_fault.load(std::memory_order_relaxed)) return;  // nobody will look at it
            CsvChunk& chunk = chunks_[static_cast<std::size_t>(i)];
            chunk = read_csv_chunk(pieces_[static_cast<std::size_t>(i)], chunk_plan_, *options_.budget,
                                   std::numeric_limits<std::int64_t>::max());
            if (!chunk.fault) return;
            std::int64_t seen = first_fault.load();
            while (i < seen && !first_fault.compare_exchange_weak(seen, i)) {
            }
        });
        find_fault();
    }

    /// Sets `fault_` to the first fault of the file and cuts `chunks_` behind it.
    void find_fault() {
        std::int64_t line = 0;
        std::optional<std::int64_t> blank;
        for (std::size_t i = 0; i < chunks_.size(); ++i) {
            CsvChunk& chunk = chunks_[i];
            if (blank && (chunk.first_row_line || chunk.fault)) {
                fault_ = TextFault{*blank, 1, "a blank line between rows"};
                chunks_.resize(i);
                return;
            }
            if (chunk.fault) {
                fault_ = TextFault{chunk.fault->line + line, chunk.fault->column, chunk.fault->message};
                chunks_.resize(i + 1);
                return;
            }
            if (!blank && chunk.open_blank) blank = line + *chunk.open_blank;
            line += chunk.lines;
        }
    }

    /// The tallies of the file, or of what comes before its first fault, with lines counted from the start of the body.
    std::vector<ColumnTally> sum_columns() const {
        std::vector<ColumnTally> sums(asked_.size());
        std::int64_t line = 0;
        for (const CsvChunk& chunk : chunks_) {
            for (std::size_t i = 0; i < sums.size(); ++i) {
                const ColumnTally& tally = chunk.tallies[i];
                sums[i].numbers += tally.numbers;
                sums[i].malformed += tally.malformed;
                sums[i].words += tally.words;
                sums[i].missing += tally.missing;
                const auto keep_first = [&](std::optional<TextFault>& first, const std::optional<TextFault>& here) {
                    if (!first && here) first = TextFault{here->line + line, here->column, here->message};
                };
                keep_first(sums[i].first_malformed, tally.first_malformed);
                keep_first(sums[i].first_word, tally.first_word);
            }
            line += chunk.lines;
        }
        return sums;
    }

    /// The first cell of a column that spoils it, if the column is neither numbers nor plainly text.
    static std::optional<TextFault> stray_cell(const ColumnTally& sum) {
        const std::int64_t others = sum.malformed + sum.words;
        if (others == 0 || (sum.words > 0 && sum.numbers < others)) return std::nullopt;
        const bool malformed_first = sum.first_malformed && (!sum.first_word || sum.first_malformed->line < sum.first_word->line);
        return malformed_first ? sum.first_malformed : sum.first_word;
    }

    [[noreturn]] void fail_at(const TextFault& fault) const {
        fail(ErrorKind::data, at_text(file_->name(), fault.line + layout_.body_line, fault.column, fault.message));
    }

    /// Decides what inferred columns are, or throws the first error of the file. True if a column was read as something else.
    bool settle_uses() {
        sums_ = sum_columns();
        std::optional<TextFault> first;
        bool changed = false;
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            if (asked_[i] != ColumnUse::infer) continue;
            std::optional<TextFault> stray = stray_cell(sums_[i]);
            if (stray && (!first || std::pair(stray->line, stray->column) < std::pair(first->line, first->column))) {
                stray->message = stray_message(i, stray->message);
                first = stray;
            }
            const ColumnUse use = sums_[i].malformed + sums_[i].words == 0 ? ColumnUse::number : ColumnUse::text;
            changed = changed || use != chunk_plan_.uses[i];
            chunk_plan_.uses[i] = use;
        }
        if (fault_ && (!first || fault_->line <= first->line)) first = fault_;  // a broken row says more than one of its cells
        if (first) fail_at(*first);
        return changed;
    }

    std::string stray_message(std::size_t column, const std::string& cell) const {
        const ColumnTally& sum = sums_[column];
        const std::string name = quoted(layout_.head.names[column]);
        const std::string bare = cell.substr(1, cell.size() - 2);
        std::string message = cell + " is not a number";
        if (sum.numbers > 0) message += ", and " + std::to_string(sum.numbers) + " other cells of column " + name + " are";
        if (bare.find(',') != std::string::npos) message += " (numbers take a decimal point and no grouping)";
        return message + "; if it means a missing cell: --na '" + bare + "'; to leave the column out: --drop-columns";
    }

    /// Gives every text column one dictionary for the file and turns the chunks' codes into places in it.
    void merge_dictionaries(TextTable& table) {
        std::vector<std::vector<std::vector<std::uint32_t>>> places(chunks_.size());
        for (std::vector<std::vector<std::uint32_t>>& of_chunk : places) of_chunk.resize(static_cast<std::size_t>(table.text_columns));
        for (TextColumn& column : table.columns) {
            if (column.use != ColumnUse::text) continue;
            const auto slot = static_cast<std::size_t>(column.slot);
            std::unordered_map<std::string_view, std::uint32_t> merged;
            for (std::size_t i = 0; i < chunks_.size(); ++i) {
                for (const std::string_view text : chunks_[i].dictionaries[slot]) {
                    const auto [place, is_new] = merged.try_emplace(text, static_cast<std::uint32_t>(merged.size()));
                    if (is_new) column.dictionary.emplace_back(text);
                    places[i][slot].push_back(place->second);
                }
            }
        }
        parallel_for(static_cast<std::int64_t>(chunks_.size()), options_.threads, [&](std::int64_t i) {
            std::vector<std::uint32_t>& codes = chunks_[static_cast<std::size_t>(i)].data.codes;
            const auto& of_chunk = places[static_cast<std::size_t>(i)];
            for (std::size_t k = 0; k < codes.size(); ++k) {
                if (codes[k] != missing_code) codes[k] = of_chunk[k % of_chunk.size()][codes[k]];
            }
        });
    }

    TextTable assemble() {
        TextTable table;
        table.head = layout_.head;
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            const ColumnUse use = chunk_plan_.uses[i];
            std::int64_t& slots = use == ColumnUse::text ? table.text_columns : table.number_columns;
            table.columns.push_back(
                {layout_.head.names[i], use, use == ColumnUse::skip ? 0 : slots, sums_[i].missing, sums_[i].numbers, {}});
            if (use != ColumnUse::skip) ++slots;
        }
        merge_dictionaries(table);
        std::int64_t line = layout_.body_line;
        for (CsvChunk& chunk : chunks_) {
            chunk.data.first_row = table.rows;
            chunk.data.first_line = line;
            table.rows += chunk.data.rows;
            line += chunk.lines;
            for (const auto& [value, text] : chunk.spelling) table.spelling.try_emplace(value, text);
            if (chunk.data.rows > 0) table.chunks.push_back(std::move(chunk.data));
        }
        if (table.rows == 0)
            fail(ErrorKind::data, file_->name() + ": the table has no rows" + (table.head.has_header ? " under its header" : ""));
        return table;
    }

    std::shared_ptr<const InputFile> file_;
    const ReadOptions& options_;
    MissingWords missing_;
    CsvLayout layout_;
    std::vector<ColumnUse> asked_;
    CsvChunkPlan chunk_plan_;
    std::vector<std::string_view> pieces_;
    std::vector<CsvChunk> chunks_;
    std::vector<ColumnTally> sums_;
    std::optional<TextFault> fault_;
};

}  // namespace

Table read_csv(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& planner) {
    return CsvReader(std::move(file), options, planner).read();
}

}  // namespace glissade
