// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "glissade/optimizer.hpp"

/// The declared fields of a rule as programs see them; what Optimizer and Loss share. What is instantiated for every rule is kept small.
namespace glissade {

/// What std::visit does, as a chain of comparisons: its tables of functions take the compiler seconds for a whole catalog.
template <class Variant, class F>
auto visit_held(Variant& held, const F& f) {
    using Result = decltype(f(*std::get_if<0>(&held)));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        if constexpr (std::is_void_v<Result>) {
            ((held.index() == I ? f(*std::get_if<I>(&held)) : void()), ...);
        } else {
            Result result{};
            static_cast<void>(((held.index() == I && (result = f(*std::get_if<I>(&held)), true)) || ...));
            return result;
        }
    }
    (std::make_index_sequence<std::variant_size_v<std::remove_const_t<Variant>>>());
}

template <class Rule>
double field_value(const Rule& rule, const Field<Rule>& field) {
    return field.flag ? (rule.*field.flag ? 1.0 : 0.0) : rule.*field.number;
}

template <class Rule>
FieldInfo field_info(const Field<Rule>& f) {
    static constexpr Rule defaults{};
    return {f.name, f.flag != nullptr, field_value(defaults, f), f.low, f.high, f.low_open, f.help};
}

template <class Rule>
std::vector<FieldInfo> field_infos() {
    std::vector<FieldInfo> infos;
    for (const auto& f : Rule::fields()) infos.push_back(field_info(f));
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

/// Throws Error(usage): the rule has no setting of that name.
[[noreturn]] void fail_for_unknown_field(std::string_view rule, const std::vector<FieldInfo>& fields, std::string_view name);

template <class Rule>
const Field<Rule>& field_named(std::string_view name) {
    if (const auto* field = find_field<Rule>(name)) return *field;
    fail_for_unknown_field(Rule::name, field_infos<Rule>(), name);
}

/// Throws Error(usage) if `value` is not allowed.
void check_field(std::string_view rule, const FieldInfo& field, double value);

template <class Rule>
void check_fields_of(const Rule& rule) {
    for (const auto& field : Rule::fields()) check_field(Rule::name, field_info(field), field_value(rule, field));
}

template <class Rule>
void set_field(Rule& rule, std::string_view name, double value) {
    const auto& field = field_named<Rule>(name);
    check_field(Rule::name, field_info(field), value);
    if (field.flag)
        rule.*field.flag = value != 0;
    else
        rule.*field.number = value;
}

}  // namespace glissade
