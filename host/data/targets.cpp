// SPDX-License-Identifier: Apache-2.0
#include "host/data/targets.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "host/data/number.hpp"

namespace glissade {
namespace {

constexpr std::size_t most_whole_classes = 20;
constexpr std::size_t most_classes = 10000;

double value_of(const TargetColumn& target, std::int64_t row) {
    return target.values[static_cast<std::size_t>(row * target.count)];
}

std::string spelled(const TargetColumn& target, double number) {
    const auto found = target.spelling.find(number);
    return found == target.spelling.end() ? shortest_text(number) : found->second;
}

/// Turns numbers into words, as they were written.
void to_words(TargetColumn& target) {
    std::map<double, std::size_t> places;
    for (double& value : target.values) {
        if (std::isnan(value)) continue;
        const auto [place, is_new] = places.try_emplace(value, target.words.size());
        if (is_new) target.words.push_back(spelled(target, value));
        value = static_cast<double>(place->second);
    }
    target.spelling.clear();
    target.holds_words = true;
}

/// Turns words into numbers if all of them are.
void to_numbers_if_possible(TargetColumn& target) {
    std::vector<double> numbers;
    for (const std::string& word : target.words) {
        const auto number = whole_number(word);
        if (!number) return;
        numbers.push_back(*number);
        target.spelling.try_emplace(*number, word);
    }
    for (double& value : target.values) {
        if (!std::isnan(value)) value = numbers[static_cast<std::size_t>(value)];
    }
    target.words.clear();
    target.holds_words = false;
}

/// Labels such as nan, inf or 1e400 among numbers are no class.
void refuse_malformed_labels(const TargetColumn& target) {
    const auto is = [](CellClass wanted) { return [wanted](const std::string& word) { return classify_cell(word) == wanted; }; };
    if (std::any_of(target.words.begin(), target.words.end(), is(CellClass::word))) return;
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(target.values.size()) / target.count; ++row) {
        const double value = value_of(target, row);
        if (std::isnan(value)) continue;
        const std::string& word = target.words[static_cast<std::size_t>(value)];
        if (is(CellClass::malformed)(word)) fail_at(target, row, "label " + not_a_number(word));
    }
}

std::set<double> distinct_numbers(const TargetColumn& target, std::span<const std::int64_t> rows) {
    std::set<double> numbers;
    for (const std::int64_t row : rows) {
        const double value = value_of(target, row);
        if (std::isnan(value)) fail_at(target, row, "the target is missing");
        if (!std::isfinite(value)) fail_at(target, row, "the target is " + shortest_text(value));
        numbers.insert(value);
        if (numbers.size() > most_classes) break;
    }
    return numbers;
}

void refuse_several_targets(const TargetColumn& target) {
    if (target.count > 1) {
        fail(ErrorKind::data,
             target.table->file->name() + ": " + std::to_string(target.count) + " target columns, but the model knows one class a row");
    }
}

/// From a label to the index of its class: by text, or by value where both are numbers ("+1" is "1").
class ClassFinder {
public:
    explicit ClassFinder(const std::vector<std::string>& labels) : labels_(labels) {
        for (std::size_t k = 0; k < labels.size(); ++k) {
            by_text_.try_emplace(labels[k], static_cast<double>(k));
            if (const auto number = whole_number(labels[k])) by_number_.try_emplace(*number, static_cast<double>(k));
        }
    }

    std::optional<double> find(const std::string& word) const {
        if (const auto found = by_text_.find(word); found != by_text_.end()) return found->second;
        const auto number = whole_number(word);
        return number ? find(*number) : std::nullopt;
    }

    std::optional<double> find(double number) const {
        const auto found = by_number_.find(number);
        return found == by_number_.end() ? std::nullopt : std::optional(found->second);
    }

    std::string listed() const {
        std::string text;
        for (std::size_t k = 0; k < std::min<std::size_t>(labels_.size(), 10); ++k) text += (k == 0 ? "" : ", ") + labels_[k];
        return text + (labels_.size() > 10 ? ", ..." : "");
    }

private:
    const std::vector<std::string>& labels_;
    std::map<std::string, double> by_text_;
    std::map<double, double> by_number_;
};

}  // namespace

void fail_at(const TargetColumn& target, std::int64_t row, const std::string& message) {
    fail(ErrorKind::data, target.where(row) + ": " + message);
}

std::string TargetColumn::where(std::int64_t row) const {
    if (std::holds_alternative<SparseTable>(table->content)) {
        return table->file->name() + ", line " +
               std::to_string(std::get<SparseTable>(table->content).lines[static_cast<std::size_t>(row)]) + ", column 1";
    }
    return table->where(row, first_column);
}

std::string TargetColumn::where(std::int64_t row, std::int64_t target) const {
    return count > 1 ? table->where(row, columns[static_cast<std::size_t>(target)]) : where(row);
}

void TargetColumn::order_as(const std::vector<std::string>& wanted) {
    if (!is_named || count < 2 || wanted.size() != static_cast<std::size_t>(count) || wanted == names) return;
    std::vector<std::size_t> from;
    for (const std::string& name : wanted) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found != names.end()) from.push_back(static_cast<std::size_t>(found - names.begin()));
    }
    if (from.empty()) return;  // other names altogether: by position, as a single target is
    if (from.size() < names.size()) {
        std::string theirs, ours;
        for (std::size_t t = 0; t < names.size(); ++t) {
            theirs += (t == 0 ? "" : ", ") + names[t];
            ours += (t == 0 ? "" : ", ") + wanted[t];
        }
        fail(ErrorKind::data,
             table->file->name() + " has the targets " + theirs + ", the model " + ours + ": which is which cannot be told");
    }
    TargetColumn ordered = *this;
    for (std::size_t t = 0; t < from.size(); ++t) {
        ordered.columns[t] = columns[from[t]];
        for (std::size_t at = 0; at < values.size(); at += from.size()) ordered.values[at + t] = values[at + from[t]];
    }
    ordered.names = wanted;
    *this = std::move(ordered);
}

std::string TargetColumn::label(std::int64_t row) const {
    const double value = value_of(*this, row);
    return holds_words ? words[static_cast<std::size_t>(value)] : spelled(*this, value);
}

void map_labels(TargetColumn& target, const std::vector<std::pair<std::string, std::string>>& map) {
    if (map.empty()) return;
    refuse_several_targets(target);
    if (!target.holds_words) to_words(target);
    for (std::string& word : target.words) {
        const auto found = std::find_if(map.begin(), map.end(), [&](const auto& entry) { return entry.first == word; });
        if (found != map.end()) word = found->second;
    }
    refuse_malformed_labels(target);
    to_numbers_if_possible(target);
}

Task decide_task(const TargetColumn& target, std::span<const std::int64_t> rows, std::optional<Task> asked, std::string& why) {
    if (asked) {
        why = "as asked";
        return *asked;
    }
    why = target.holds_words ? "the labels are text" : "the labels are booleans";
    if (target.holds_words || target.holds_booleans) return Task::classification;
    if (target.count > 1) {
        const auto is_label = [&](std::int64_t row) {  // missing cells are refused later, by name
            const double* own = target.values.data() + row * target.count;
            return std::all_of(own, own + target.count, [](double y) { return y == 0 || y == 1 || std::isnan(y); });
        };
        const bool labels = std::all_of(rows.begin(), rows.end(), is_label);
        why = std::to_string(target.count) + " targets a row" + (labels ? ", all 0 or 1" : "");
        return labels ? Task::classification : Task::regression;
    }
    const std::set<double> numbers = distinct_numbers(target, rows);
    const bool whole = std::all_of(numbers.begin(), numbers.end(), [](double x) { return x == std::floor(x); });
    const bool few = numbers.size() <= most_whole_classes;
    why = !whole ? "the targets have fractions"
                 : "the targets are whole numbers with " + std::string(few ? "at most 20" : "more than 20") + " distinct values";
    return whole && few ? Task::classification : Task::regression;
}

std::vector<std::string> learn_classes(const TargetColumn& target, std::span<const std::int64_t> rows) {
    const std::set<double> values = distinct_numbers(target, rows);
    if (values.size() > most_classes) {
        fail(ErrorKind::data,
             target.where(rows[0]) + ": more than " + std::to_string(most_classes) + " classes; for numbers use --task regression");
    }
    if (!target.holds_words) {
        for (const std::int64_t row : rows) {
            const double value = value_of(target, row);
            if (value != std::floor(value))
                fail_at(target, row, "the label " + target.label(row) + " is a fraction; classes are whole numbers or words");
        }
    }
    std::vector<std::string> labels;
    labels.reserve(values.size());
    for (const double value : values)
        labels.push_back(target.holds_words ? target.words[static_cast<std::size_t>(value)] : spelled(target, value));
    if (target.holds_words) std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());  // --map-label may have made two words one
    if (labels.size() == 1)
        fail(ErrorKind::data,
             target.table->file->name() + ": all rows have the class " + quoted(labels[0]) + "; classification needs two or more");
    return labels;
}

std::vector<double> class_indices(const TargetColumn& target, std::span<const std::int64_t> rows,
                                  const std::vector<std::string>& class_labels) {
    refuse_several_targets(target);
    const ClassFinder finder(class_labels);
    std::vector<std::optional<double>> of_word;
    for (const std::string& word : target.words) of_word.push_back(finder.find(word));
    std::vector<double> indices;
    indices.reserve(rows.size());
    for (const std::int64_t row : rows) {
        const double value = value_of(target, row);
        if (std::isnan(value)) fail_at(target, row, "the target is missing");
        const std::optional<double> index = target.holds_words ? of_word[static_cast<std::size_t>(value)] : finder.find(value);
        if (!index) {
            fail_at(target, row,
                    "the label " + quoted(target.label(row)) + " was not seen in training (classes: " + finder.listed() +
                        "); --map-label 'OLD=NEW' renames labels");
        }
        indices.push_back(*index);
    }
    return indices;
}

}  // namespace glissade
