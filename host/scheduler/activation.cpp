// SPDX-License-Identifier: Apache-2.0
#include "glissade/activation.hpp"

#include <algorithm>

#include "glissade/error.hpp"
#include "host/scheduler/named.hpp"
#include "host/scheduler/rule_fields.hpp"

namespace glissade {
namespace {

template <class... Rules>
std::vector<std::string_view> activation_names(RuleList<Rules...>) {
    return {Rules::name...};
}

template <class Rule>
bool is_called(std::string_view name) {
    if (same_name(Rule::name, name)) return true;
    for (const std::string_view alias : Rule::aliases)
        if (same_name(alias, name)) return true;
    return false;
}

/// The one place where a name or alias becomes an activation.
template <class... Rules>
AnyActivationRule activation_named(RuleList<Rules...> list, std::string_view name) {
    AnyActivationRule rule;
    const bool found = ((is_called<Rules>(name) && (rule = Rules{}, true)) || ...);
    if (found) return rule;
    std::vector<std::string_view> all = activation_names(list);
    (all.insert(all.end(), Rules::aliases.begin(), Rules::aliases.end()), ...);
    fail(ErrorKind::usage, unknown_name("activation", name, all));
}

}  // namespace

Activation::Activation(std::string_view name) : rule_(activation_named(ActivationRules{}, name)) {}

std::vector<std::string_view> Activation::names() {
    return activation_names(ActivationRules{});
}

std::string_view Activation::name() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return Rule::name; });
}

std::vector<FieldInfo> Activation::fields() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return field_infos<Rule>(); });
}

double Activation::get(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule& rule) { return field_value(rule, field_named<Rule>(field)); });
}

void Activation::set(std::string_view field, double value) {
    visit_held(rule_, [&](auto& rule) { set_field(rule, field, value); });
}

bool Activation::has(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule&) { return find_field<Rule>(field) != nullptr; });
}

void Activation::prepare(double* constants) const {
    std::fill_n(constants, max_activation_constants, 0.0);
    const auto prepare_rule = [&]<class Rule>(const Rule& rule) {
        check_fields_of(rule);
        rule.prepare(constants);
    };
    visit_held(rule_, prepare_rule);
}

}  // namespace glissade
