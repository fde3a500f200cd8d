// SPDX-License-Identifier: Apache-2.0
#include "host/data/vw.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "host/data/feature_hash.hpp"
#include "host/data/number.hpp"
#include "host/data/short_number.hpp"
#include "host/data/sparse_lines.hpp"

namespace glissade {
namespace {

/// Characters that end a name.
bool ends_name(char c) {
    return is_blank(c) || c == ':' || c == '|';
}

class VwReader {
public:
    VwReader(std::string_view text, int hash_bits, SparsePiece& out) : lines_(text, false, out), hash_bits_(hash_bits), out_(out) {}

    void read() {
        lines_.read([&](const char* begin, const char* end) { read_row(begin, end); });
        out_.keys = keys_.keys();
    }

private:
    static std::string_view token_at(const char* place, const char* end) {
        const char* stop = place;
        while (stop != end && !is_blank(*stop)) ++stop;
        return {place, static_cast<std::size_t>(stop - place)};
    }

    void read_row(const char* at, const char* end) {
        const auto size = static_cast<std::size_t>(end - at);
        if (const void* nul = std::memchr(at, '\0', size)) lines_.fault_at(static_cast<const char*>(nul), "a NUL byte");
        if (const void* cr = std::memchr(at, '\r', size))
            lines_.fault_at(static_cast<const char*>(cr), "a carriage return inside the line");
        at = read_label(at, end);
        places_.clear();
        values_.clear();
        while (at != end) at = read_namespace(at, end);
        add_entries();
    }

    /// Reads what stands before the first '|' and returns its place.
    const char* read_label(const char* at, const char* end) {
        const void* const found = std::memchr(at, '|', static_cast<std::size_t>(end - at));
        if (found == nullptr) lines_.fault_at(at, "no '|' on the line: features come after one");
        const char* const bar = static_cast<const char*>(found);
        std::array<double, 3> numbers = {missing_number, 1, 0};  // label, importance, base
        std::size_t count = 0;
        bool tagged = false;
        const char* label = at;
        while (at != bar) {
            if (is_blank(*at)) {
                ++at;
                continue;
            }
            const std::string_view token = token_at(at, bar);
            const auto number = whole_number(token);
            if (tagged) lines_.fault_at(at, quoted(token) + " behind the tag");
            tagged = *at == '\'' || (!number && at + token.size() == bar);
            if (!tagged) take_number(at, token, number, at + token.size() == bar, count, numbers);
            at += token.size();
        }
        if (count > 0 && out_.spelling.size() < most_spellings) out_.spelling.try_emplace(numbers[0], token_at(label, bar));
        if (count > 1 && out_.weights.size() < out_.labels.size()) out_.weights.resize(out_.labels.size(), 1);
        if (count > 1 || !out_.weights.empty()) out_.weights.push_back(numbers[1]);
        out_.labels.push_back(numbers[0]);
        return bar;
    }

    void take_number(const char* at, std::string_view token, std::optional<double> number, bool touches_bar, std::size_t& count,
                     std::array<double, 3>& numbers) const {
        constexpr std::array names = {"label ", "importance ", "base "};
        if (count == numbers.size())
            lines_.fault_at(at, quoted(token) + ": before '|' come a label, an importance, a base and a 'tag at most");
        if (!number) lines_.fault_at(at, names[count] + not_a_number(token, false) + "; a tag begins with ' or touches '|'");
        if (touches_bar) lines_.fault_at(at, quoted(token) + " touches '|': a tag begins with ', a number wants a blank behind it");
        if (count == 1 && *number < 0) lines_.fault_at(at, "importance " + quoted(token) + " is below 0");
        if (count == 2 && *number != 0)
            lines_.fault_at(at, "base " + quoted(token) + ": scores to begin from are not supported; leave it out");
        numbers[count++] = *number;
    }

    /// Reads from a '|' to the next one.
    const char* read_namespace(const char* at, const char* end) {
        const char* const name = ++at;
        while (at != end && !ends_name(*at)) ++at;
        const std::string_view space(name, static_cast<std::size_t>(at - name));
        double scale = 1;
        if (at != end && *at == ':') {
            if (space.empty()) lines_.fault_at(at, "a scale without a namespace");
            at = read_number(at + 1, end, "the scale of namespace ", space, scale);
        }
        if (at != end && *at == '|') lines_.fault_at(at, "'|' wants a blank before it");
        const std::uint64_t seed = space_seed(space);
        for (;;) {
            while (at != end && is_blank(*at)) ++at;
            if (at == end || *at == '|') return at;
            at = read_feature(at, end, seed, scale);
        }
    }

    const char* read_feature(const char* at, const char* end, std::uint64_t seed, double scale) {
        const char* const begin = at;
        while (at != end && !ends_name(*at)) ++at;
        const std::string_view name(begin, static_cast<std::size_t>(at - begin));
        if (name.empty()) lines_.fault_at(begin, quoted(token_at(begin, end)) + ": a value without the name of a feature");
        double value = 1;
        if (at != end && *at == ':') at = read_number(at + 1, end, "the value of ", name, value);
        if (at != end && *at == '|') lines_.fault_at(at, "'|' wants a blank before it");
        const std::uint64_t key = feature_key(seed, name);
        keys_.insert(key);
        value *= scale * hashed_sign(key);
        if (!std::isfinite(value))
            lines_.fault_at(begin, "the value of " + quoted(name) + " times the scale of its namespace is too large");
        places_.push_back(std::uint64_t{hashed_column(key, hash_bits_)} << 32 | values_.size());
        values_.push_back(value);
        return at;
    }

    const char* read_number(const char* at, const char* end, const char* what, std::string_view of, double& value) const {
        const char* stop = lines_.has_bytes(at, short_number_reach) ? parse_short_number(at, end, value) : nullptr;
        if (stop == nullptr) stop = parse_number(at, end, value);
        if (stop != nullptr && (stop == end || is_blank(*stop) || *stop == '|')) return stop;
        const std::string_view text = token_at(at, end);
        if (text.empty()) lines_.fault_at(at, what + quoted(of) + " is missing behind ':'");
        lines_.fault_at(at, what + quoted(of) + ": " + not_a_number(text, false));
    }

    /// Writes the row: by ascending column, features of the same column added up in the order of the text.
    void add_entries() {
        std::sort(places_.begin(), places_.end());
        SparseChunk& out = out_.entries;
        for (std::size_t i = 0; i < places_.size();) {
            const std::uint64_t column = places_[i] >> 32;
            double sum = 0;
            for (; i < places_.size() && places_[i] >> 32 == column; ++i) sum += values_[places_[i] & 0xffffffff];
            if (sum == 0) continue;
            out.indices.push_back(static_cast<std::uint32_t>(column));
            out.values.push_back(sum);
        }
        out.ends.push_back(std::ssize(out.indices));
        out_.lines.push_back(lines_.line());
    }

    SparseLines lines_;
    int hash_bits_;
    SparsePiece& out_;
    std::vector<std::uint64_t> places_;  ///< of each feature of a row: its column, and below it its place in `values_`
    std::vector<double> values_;
    KeySet keys_;
};

enum class LineKind { vw, other, bare };

/// What a line looks like: numbers, perhaps a tag, a blank and a '|', and some name behind it. Bare: nothing behind it.
LineKind kind_of(std::string_view line) {
    const std::size_t bar = line.find('|');
    if (bar == std::string_view::npos || (bar > 0 && !is_blank(line[bar - 1]))) return LineKind::other;
    bool any_token = false, any_name = false;
    for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
        std::string_view token = line.substr(at, line.find_first_of(" \t\r", at) - at);
        at += token.size();
        const bool is_feature = at > bar;
        if (token.front() == '|') token.remove_prefix(1);
        if (token.empty()) continue;
        const bool is_number = whole_number(token).has_value();
        if (!is_feature && !is_number && token.front() != '\'') return LineKind::other;
        any_token = any_token || is_feature;
        any_name = any_name || (is_feature && !is_number);
    }
    if (!any_token) return LineKind::bare;
    return any_name ? LineKind::vw : LineKind::other;  // a table with bars between its numbers is none
}

}  // namespace

bool looks_like_vw(std::string_view text) {
    bool any = false;
    for (int lines = 0; lines < 20 && !text.empty(); ++lines) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const LineKind kind = kind_of(line);
        if (kind == LineKind::other) return false;
        any = any || kind == LineKind::vw;
    }
    return any;
}

Table read_vw(std::shared_ptr<const InputFile> file, const ReadOptions& options, const ColumnPlanner& /*planner*/) {
    const int hash_bits = options.hash_bits > 0 ? options.hash_bits : default_hash_bits;
    // No entry takes fewer than two characters ("a ") nor more than 12 + 8 bytes here; a row of two characters, 32.
    SparseTable table = read_sparse_lines(*file, options, {26, hash_bits},
                                          [&](std::string_view text, SparsePiece& piece) { VwReader(text, hash_bits, piece).read(); });
    return {std::move(file), "vw", std::move(table)};
}

}  // namespace glissade
