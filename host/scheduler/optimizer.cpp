// SPDX-License-Identifier: Apache-2.0
#include "glissade/optimizer.hpp"

#include "glissade/error.hpp"
#include "glissade/rules/update.hpp"
#include "host/scheduler/named.hpp"
#include "host/scheduler/rule_fields.hpp"

namespace glissade {
namespace {

template <class... Rules>
std::vector<std::string_view> optimizer_names(RuleList<Rules...>) {
    return {Rules::name...};
}

/// "; amsgrad is a setting of adam, adamw" if some rule has a field of that name: `momentum` or `nesterov` are typed as names, too.
template <class... Rules>
std::string owners_of_field(RuleList<Rules...>, std::string_view typed) {
    std::vector<std::string_view> owners;
    (
        [&] {
            for (const auto& field : Rules::fields())
                if (same_name(field.name, typed)) owners.push_back(Rules::name);
        }(),
        ...);
    return owners.empty() ? "" : "unknown optimizer '" + std::string(typed) + "': it is a setting of " + joined_names(owners);
}

/// The one place where a name becomes an update rule.
template <class... Rules>
AnyUpdateRule optimizer_named(RuleList<Rules...> list, std::string_view name) {
    AnyUpdateRule rule;
    const bool found = ((same_name(Rules::name, name) && (rule = Rules{}, true)) || ...);
    if (found) return rule;
    const std::string owners = owners_of_field(list, name);
    fail(ErrorKind::usage, owners.empty() ? unknown_name("optimizer", name, optimizer_names(list)) : owners);
}

}  // namespace

Optimizer Optimizer::named(std::string_view name) {
    Optimizer optimizer;
    optimizer.rule_ = optimizer_named(UpdateRules{}, name);
    return optimizer;
}

std::vector<std::string_view> Optimizer::names() {
    return optimizer_names(UpdateRules{});
}

std::string_view Optimizer::name() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return Rule::name; });
}

std::vector<FieldInfo> Optimizer::fields() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return field_infos<Rule>(); });
}

double Optimizer::get(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule& rule) { return field_value(rule, field_named<Rule>(field)); });
}

void Optimizer::set(std::string_view field, double value) {
    visit_held(rule_, [&](auto& rule) { set_field(rule, field, value); });
}

bool Optimizer::has(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule&) { return find_field<Rule>(field) != nullptr; });
}

void Optimizer::check() const {
    const auto check_rule = []<class Rule>(const Rule& rule) {
        check_fields_of(rule);
        if (const auto why = rule.contradiction(); !why.empty()) fail(ErrorKind::usage, std::string(Rule::name) + ": " + std::string(why));
    };
    visit_held(rule_, check_rule);
}

int Optimizer::variant() const {
    return visit_held(rule_, [](const auto& rule) { return rule.variant(); });
}

int Optimizer::state_count() const {
    return visit_held(rule_, []<class Rule>(const Rule& rule) { return Rule::state_count(rule.variant()); });
}

std::vector<std::string> Optimizer::state_names() const {
    const auto list = []<class Rule>(const Rule& rule) {
        const auto all = Rule::state_names(rule.variant());
        return std::vector<std::string>(all.begin(), all.begin() + Rule::state_count(rule.variant()));
    };
    return visit_held(rule_, list);
}

double Optimizer::initial_state(int state) const {
    return visit_held(rule_, [&](const auto& rule) { return rule.initial_state(state); });
}

bool Optimizer::decoupled_decay() const {
    return visit_held(rule_, [](const auto& rule) { return rules::decays_apart(rule); });
}

bool Optimizer::full_batch_only() const {
    return visit_held(rule_, []<class Rule>(const Rule&) {
        return requires {
            Rule::full_batch_only;
        };
    });
}

bool Optimizer::driven_by_host() const {
    return visit_held(rule_, []<class Rule>(const Rule&) {
        return requires {
            Rule::driven_by_host;
        };
    });
}

}  // namespace glissade
