// SPDX-License-Identifier: Apache-2.0
#include "host/data/libsvm.hpp"

#include <algorithm>
#include <limits>

#include "host/data/number.hpp"
#include "host/data/short_number.hpp"
#include "host/data/sparse_lines.hpp"

namespace glissade {
namespace {

constexpr std::int64_t largest_index = std::numeric_limits<std::int32_t>::max();

/// "1,3", as some files of this kind begin the rows that have several labels.
bool lists_labels(std::string_view text) {
    return text.find(',') != std::string_view::npos && text.find_first_not_of("0123456789,") == std::string_view::npos;
}

/// INDEX:NUMBER and nothing behind it.
bool is_pair(std::string_view text) {
    const std::size_t colon = text.find_first_not_of("0123456789");
    if (colon == 0 || colon == std::string_view::npos || text[colon] != ':') return false;
    double value = 0;
    const char* const end = text.data() + text.size();
    return parse_number(text.data() + colon + 1, end, value) == end;
}

class LibsvmReader {
public:
    LibsvmReader(std::string_view text, std::int64_t most_features, SparsePiece& out)
        : lines_(text, true, out), largest_(most_features > 0 ? std::min(most_features, largest_index) : largest_index), out_(out) {}

    void read(std::string_view text) {
        // Room for all the entries that the text can hold ("1:1 "): pages that are never written to cost nothing, growing does.
        entries_.indices.reserve(text.size() / 4 + 1);
        lines_.read([&](const char* begin, const char* end) { read_row(begin, end); });
    }

private:
    static std::string_view token_at(const char* place, const char* end) {
        const char* stop = place;
        while (stop != end && !is_blank(*stop)) ++stop;
        return {place, static_cast<std::size_t>(stop - place)};
    }

    void read_row(const char* at, const char* end) {
        const std::string_view label = token_at(at, end);
        const auto value = whole_number(label);
        if (!value) fault_in_label(at, label);
        if (out_.spelling.size() < most_spellings) out_.spelling.try_emplace(*value, label);
        at += label.size();
        std::int64_t last = 0;
        for (;;) {
            while (at != end && is_blank(*at)) ++at;
            if (at == end || *at == '#') break;
            at = read_pair(at, end, last);
        }
        out_.columns = std::max(out_.columns, last);
        entries_.ends.push_back(std::ssize(entries_.indices));
        out_.labels.push_back(*value);
        out_.lines.push_back(lines_.line());
    }

    /// Reads INDEX:VALUE, whose index is above `last` and becomes it, and returns the place behind it.
    const char* read_pair(const char* at, const char* end, std::int64_t& last) {
        const char* const start = at;
        std::int64_t index = 0;
        const bool is_far_from_end = lines_.has_bytes(at, 8 + 1 + short_number_reach);
        const ShortDigits digits = is_far_from_end ? short_digits(at) : ShortDigits();
        if (digits.count < 8) {
            index = digits.value;
            at += digits.count;
        }
        while (at != end && *at >= '0' && *at <= '9' && index <= largest_) index = index * 10 + (*at++ - '0');
        if (at == start || at == end || *at != ':' || index <= last || index > largest_) fault_in_index(start, end, last);
        last = index;
        ++at;
        double value = 0;
        if (at != end && *at >= '0' && *at <= '9' && (at + 1 == end || is_blank(at[1]))) {
            value = *at++ - '0';  // most values of most files: the processor need not wait for the digits to be counted
        } else {
            const char* stop = is_far_from_end ? parse_short_number(at, end, value) : nullptr;
            if (stop == nullptr) stop = parse_number(at, end, value);
            if (stop == nullptr || (stop != end && !is_blank(*stop))) fault_in_value(at, end, index);
            at = stop;
        }
        if (value != 0) add(static_cast<std::uint32_t>(index - 1), value);
        return at;
    }

    void add(std::uint32_t column, double value) {
        if (value != 1 || !entries_.values.empty()) {
            if (entries_.values.empty()) {
                entries_.values.reserve(entries_.indices.capacity());
                entries_.values.assign(entries_.indices.size(), 1);
            }
            entries_.values.push_back(value);
        }
        entries_.indices.push_back(column);
    }

    [[noreturn]] void fault_in_label(const char* at, std::string_view label) const {
        if (label.find(':') != std::string_view::npos) lines_.fault_at(at, "the line begins with " + quoted(label) + ", not with a label");
        lines_.fault_at(at,
                        "label " + not_a_number(label, false) +
                            (lists_labels(label) ? "; several labels of a row, a column of 0 and 1 for each, lie in a file of their own "
                                                   "(--target-file), and any number may stand here then"
                                                 : ""));
    }

    [[noreturn]] void fault_in_index(const char* start, const char* end, std::int64_t last) const {
        const char* at = start;
        std::int64_t index = 0;
        while (at != end && *at >= '0' && *at <= '9') {
            index = index * 10 + (*at++ - '0');
            if (index > largest_index)
                lines_.fault_at(start, "feature index " + quoted(token_at(start, end)) + " exceeds " + std::to_string(largest_index));
        }
        if (at == start || at == end || *at != ':')
            lines_.fault_at(start, quoted(token_at(start, end)) + " is not of the form INDEX:VALUE");
        if (index == 0) lines_.fault_at(start, "feature index 0; indices count from 1");
        const std::string name = "feature index " + std::to_string(index);
        if (index == last) lines_.fault_at(start, name + " is repeated; indices must ascend");
        if (index < last) lines_.fault_at(start, name + " comes after " + std::to_string(last) + "; indices must ascend");
        lines_.fault_at(start, name + ", but the model has " + std::to_string(largest_) + " features");
    }

    [[noreturn]] void fault_in_value(const char* at, const char* end, std::int64_t index) const {
        const std::string_view text = token_at(at, end);
        if (text.empty()) lines_.fault_at(at, "feature " + std::to_string(index) + " has no value");
        std::string message = not_a_number(text, false);
        if (classify_cell(text) == CellClass::malformed) message += "; libsvm has no missing cells: an entry that is left out is 0";
        lines_.fault_at(at, message);
    }

    SparseLines lines_;
    std::int64_t largest_;
    SparsePiece& out_;
    SparseChunk& entries_ = out_.entries;
};

}  // namespace

bool looks_like_libsvm(std::string_view text) {
    for (int line = 0; line < 20 && !text.empty(); ++line) {
        std::string_view rest = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), rest.size() + 1));
        const std::size_t label = rest.find_first_not_of(" \t\r");
        if (label == std::string_view::npos || rest[label] == '#') continue;
        rest.remove_prefix(label);
        const std::size_t label_end = std::min(rest.find_first_of(" \t\r"), rest.size());
        const bool several = lists_labels(rest.substr(0, label_end));
        if (!several && !whole_number(rest.substr(0, label_end))) return false;
        rest.remove_prefix(label_end);
        const std::size_t pair = rest.find_first_not_of(" \t\r");
        if (pair == std::string_view::npos) continue;
        rest.remove_prefix(pair);
        if (several) return is_pair(rest.substr(0, rest.find_first_of(" \t\r")));
        const std::size_t colon = rest.find_first_not_of("0123456789");
        return (colon != std::string_view::npos && colon > 0 && rest[colon] == ':') || rest.starts_with("qid:");
    }
    return false;
}

Table read_libsvm(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& /*planner*/) {
    // No entry takes fewer than four characters ("1:1 ") nor more than 12 + 8 bytes here.
    SparseTable table = read_sparse_lines(*file, options, {5, 0}, [&](std::string_view text, SparsePiece& piece) {
        LibsvmReader(text, options.most_features, piece).read(text);
    });
    return {std::move(file), "libsvm", std::move(table)};
}

}  // namespace glissade
