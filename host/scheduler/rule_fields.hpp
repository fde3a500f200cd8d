// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "glissade/error.hpp"
#include "glissade/optimizer.hpp"
#include "host/scheduler/named.hpp"

/// The declared fields of a rule as programs see them; what Optimizer and Loss share.
namespace glissade {

template <class Rule>
double field_value(const Rule& rule, const Field<Rule>& field) {
    return field.flag ? (rule.*field.flag ? 1.0 : 0.0) : rule.*field.number;
}

template <class Rule>
std::vector<FieldInfo> field_infos() {
    static constexpr Rule defaults{};
    std::vector<FieldInfo> infos;
    for (const auto& f : Rule::fields())
        infos.push_back({f.name, f.flag != nullptr, field_value(defaults, f), f.low, f.high, f.low_open, f.help});
    return infos;
}

/// Null if the rule has no such field.
template <class Rule>
const Field<Rule>* find_field(std::string_view name) {
    static constexpr auto fields = Rule::fields();
    for (const auto& f : fields)
        if (f.name == name) return &f;
    return nullptr;
}

template <class Rule>
const Field<Rule>& field_named(std::string_view name) {
    if (const auto* field = find_field<Rule>(name)) return *field;
    std::vector<std::string_view> names;
    for (const auto& f : Rule::fields()) names.push_back(f.name);
    fail(ErrorKind::usage, unknown_name("setting of " + std::string(Rule::name), name, names));
}

/// Throws Error(usage) if `value` is not allowed.
template <class Rule>
void check_field(const Field<Rule>& field, double value) {
    const bool inside = (field.low_open ? value > field.low : value >= field.low) && value <= field.high;
    const bool whole = !field.flag || value == 0 || value == 1;
    if (inside && whole) return;
    std::string range = field.flag ? "0 or 1" : (field.low_open ? "above " : "at least ") + number_text(field.low);
    if (!field.flag && field.high < 1e300) {
        const double beyond = std::nextafter(field.high, 2 * field.high);  // the end of an open range is the number before a whole one
        range += beyond == std::floor(beyond) ? " and below " + number_text(beyond) : " and at most " + number_text(field.high);
    }
    if (!field.flag && !std::isfinite(value)) range = "a finite number " + range;
    fail(ErrorKind::usage, std::string(Rule::name) + ": " + std::string(field.name) + " = " + number_text(value) + " must be " + range);
}

template <class Rule>
void set_field(Rule& rule, std::string_view name, double value) {
    const auto& field = field_named<Rule>(name);
    check_field(field, value);
    if (field.flag)
        rule.*field.flag = value != 0;
    else
        rule.*field.number = value;
}

}  // namespace glissade
