// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "glissade/error.hpp"
#include "host/scheduler/named.hpp"
#include "host/scheduler/schedule.hpp"

/// Reads a schedule from its text: sequence = product { '+' product }, product = part { '*' part }, part = name [ ':' key=value { ','
/// key=value } ]. A list is written with '/': milestones=5/20/30. The '+' of a number such as 1e+5 is part of the number.
namespace glissade::scheduling {
namespace {

constexpr std::string_view unit_words = "step|epoch|sample|fraction";

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_exponent_sign(std::string_view text, std::size_t i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); };
    return i >= 2 && (text[i - 1] == 'e' || text[i - 1] == 'E') && digit(i - 2) && digit(i + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && (text[i] != separator || (separator == '+' && is_exponent_sign(text, i)))) continue;
        pieces.push_back(trimmed(text.substr(begin, i - begin)));
        begin = i + 1;
    }
    return pieces;
}

/// What an error message says first: which part, which key.
struct Context {
    std::string_view part, key;
    [[noreturn]] void fail(const std::string& message) const {
        const std::string where = key.empty() ? "" : ", key " + quoted(key);
        glissade::fail(ErrorKind::usage, "schedule " + quoted(part) + where + ": " + message);
    }
};

double read_number(std::string_view text, const Context& context) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) context.fail(quoted(text) + " is not a number");
    return value;
}

int read_word(std::string_view text, std::string_view words, const Context& context) {
    const auto choices = split(words, '|');
    for (std::size_t i = 0; i < choices.size(); ++i)
        if (same_name(choices[i], text)) return static_cast<int>(i);
    if (words == "no|yes" && (text == "0" || text == "1")) return text == "1";
    if (words == "no|yes" && (same_name(text, "true") || same_name(text, "false"))) return same_name(text, "true");
    context.fail(quoted(text) + " must be one of " + joined_names(choices));
}

void check_range(double value, const Key& key, const Context& context) {
    const bool inside = (key.low_open ? value > key.low : value >= key.low) && value <= key.high;
    if (!inside) {
        const std::string above = (key.low_open ? "above " : "at least ") + number_text(key.low);
        context.fail("must be " + above + (key.high < 1e300 ? " and at most " + number_text(key.high) : ""));
    }
    if (key.whole && value != std::floor(value)) context.fail("must be a whole number");
}

std::vector<double> read_list(std::string_view text, const Key& key, const Context& context) {
    std::vector<double> list;
    double before = -1;
    for (const std::string_view item : split(text, '/')) {
        const auto numbers = key.is_pairs ? split(item, ':') : std::vector<std::string_view>{item};
        if (key.is_pairs && numbers.size() != 2) context.fail(quoted(item) + " must be a pair such as 50:0.01");
        for (const std::string_view number : numbers) {
            list.push_back(read_number(number, context));
            check_range(list.back(), key, context);
        }
        const double place = list[list.size() - numbers.size()];
        if (place <= before) context.fail("the numbers must rise");
        before = place;
    }
    return list;
}

void set_key(Part& part, std::size_t index, std::string_view text, const Context& context) {
    const Key& key = part.row->keys[index];
    if (key.is_list) {
        part.settings.list = read_list(text, key, context);
    } else if (!key.words.empty()) {
        part.settings.number[index] = read_word(text, key.words, context);
    } else {
        part.settings.number[index] = read_number(text, context);
        check_range(part.settings.number[index], key, context);
    }
}

std::optional<std::size_t> find_key(const Row& row, std::string_view name) {
    for (std::size_t i = 0; i < row.keys.size(); ++i)
        if (same_name(row.keys[i].name, name) || (!row.keys[i].alias.empty() && same_name(row.keys[i].alias, name))) return i;
    return std::nullopt;
}

[[noreturn]] void fail_unknown_key(const Row& row, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Key& key : row.keys) names.push_back(key.name);
    names.insert(names.end(), {"length", "unit"});
    Context{row.name, {}}.fail(unknown_name("key", name, names));
}

const Row& row_named(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Row& row : rows()) {
        if (same_name(row.name, name)) return row;
        names.push_back(row.name);
    }
    if (name.empty()) fail(ErrorKind::usage, "schedule: a part has no name; there are: " + joined_names(names));
    fail(ErrorKind::usage, unknown_name("schedule", name, names));
}

void read_setting(Part& part, std::vector<bool>& given, std::string_view setting) {
    const Row& row = *part.row;
    const std::size_t equals = setting.find('=');
    if (equals == std::string_view::npos) Context{row.name, {}}.fail(quoted(setting) + " must be key=value");
    const std::string_view name = trimmed(setting.substr(0, equals)), text = trimmed(setting.substr(equals + 1));
    const Context context{row.name, name};
    const auto once = [&](std::size_t index) {
        if (given[index]) context.fail("is given twice");
        given[index] = true;
    };
    if (same_name(name, "unit")) {
        once(row.keys.size());
        part.unit = static_cast<ScheduleUnit>(read_word(text, unit_words, context));
    } else if (same_name(name, "length") || (!row.length_alias.empty() && same_name(name, row.length_alias))) {
        once(row.keys.size() + 1);
        part.settings.length = read_number(text, context);
        check_range(part.settings.length, {"length", "", 0, true}, context);
    } else if (const auto index = find_key(row, name)) {
        once(*index);
        set_key(part, *index, text, context);
    } else {
        fail_unknown_key(row, name);
    }
}

Part read_part(std::string_view text) {
    const std::size_t colon = text.find(':');
    Part part;
    part.row = &row_named(trimmed(text.substr(0, colon)));
    const auto keys = part.row->keys;
    std::vector<bool> given(keys.size() + 2);
    if (colon != std::string_view::npos)
        for (const std::string_view setting : split(text.substr(colon + 1), ',')) read_setting(part, given, setting);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Context context{part.row->name, keys[i].name};
        if (!given[i] && keys[i].value.empty())
            context.fail("is needed: " + std::string(part.row->name) + ":" + std::string(keys[i].name) + "=...");
        if (!given[i]) set_key(part, i, keys[i].value, context);
    }
    if (part.row->needs_length && !given.back())
        Context{part.row->name, "length"}.fail("is needed: " + std::string(part.row->name) + ":length=...");
    return part;
}

}  // namespace

namespace {

/// One memory of the losses serves one part.
void check_watching(const Tree& tree) {
    const Part* first = nullptr;
    for (const Product& product : tree.sequence)
        for (const Part& part : product) {
            if (part.row->observer == nullptr) continue;
            if (first != nullptr)
                Context{part.row->name, {}}.fail("one part may watch the loss, and " + std::string(first->row->name) + " does already");
            first = &part;
        }
}

}  // namespace

Tree parse(std::string_view text) {
    Tree tree;
    for (const std::string_view product_text : split(text, '+')) {
        Product product;
        for (const std::string_view part_text : split(product_text, '*')) product.push_back(read_part(part_text));
        tree.sequence.push_back(std::move(product));
    }
    check_watching(tree);
    for (std::size_t i = 0; i + 1 < tree.sequence.size(); ++i) {
        double length = 0;
        for (const Part& part : tree.sequence[i]) length += part.settings.length;
        const std::string_view name = tree.sequence[i].front().row->name;
        if (length <= 0)
            Context{name, "length"}.fail("is needed, because another schedule follows: " + std::string(name) + ":length=... + ...");
    }
    return tree;
}

}  // namespace glissade::scheduling
