// SPDX-License-Identifier: Apache-2.0
#include "glissade/error.hpp"
#include "glissade/optimizer.hpp"
#include "host/scheduler/named.hpp"
#include "host/scheduler/rule_fields.hpp"

namespace glissade {
namespace {

template <class... Rules>
std::vector<std::string_view> loss_names(RuleList<Rules...>) {
    return {Rules::name...};
}

template <class Rule>
bool answers_to(std::string_view name) {
    if (same_name(Rule::name, name)) return true;
    for (const std::string_view alias : Rule::aliases)
        if (same_name(alias, name)) return true;
    return false;
}

template <class... Rules>
std::vector<std::string_view> names_and_aliases(RuleList<Rules...> list) {
    std::vector<std::string_view> all = loss_names(list);
    (all.insert(all.end(), Rules::aliases.begin(), Rules::aliases.end()), ...);
    return all;
}

/// The one place where a name or alias becomes a loss.
template <class... Rules>
AnyLossRule loss_named(RuleList<Rules...> list, std::string_view name) {
    AnyLossRule rule;
    const bool found = ((answers_to<Rules>(name) && (rule = Rules{}, true)) || ...);
    if (!found) fail(ErrorKind::usage, unknown_name("loss", name, names_and_aliases(list)));
    return rule;
}

}  // namespace

Loss::Loss(std::string_view name) : automatic_(same_name(name, "auto")) {
    if (!automatic_) rule_ = loss_named(LossRules{}, name);
}

std::vector<std::string_view> Loss::names() {
    return loss_names(LossRules{});
}

std::string_view Loss::name() const {
    if (automatic_) return "auto";
    return visit_held(rule_, []<class Rule>(const Rule&) { return Rule::name; });
}

LossKind Loss::kind() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return Rule::kind; });
}

Link Loss::link() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return link_of<Rule>(); });
}

TargetRange Loss::targets() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return targets_of<Rule>(); });
}

bool Loss::takes_target(double target) const {
    return in_range(targets(), target);
}

std::optional<double> Loss::max_curvature() const {
    const auto bound = []<class Rule>(const Rule& rule) -> std::optional<double> {
        if constexpr (requires { rule.max_curvature(); })
            return rule.max_curvature();
        else if constexpr (requires { Rule::max_curvature; })
            return Rule::max_curvature;
        else
            return std::nullopt;
    };
    return visit_held(rule_, bound);
}

std::vector<FieldInfo> Loss::fields() const {
    return visit_held(rule_, []<class Rule>(const Rule&) { return field_infos<Rule>(); });
}

double Loss::get(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule& rule) { return field_value(rule, field_named<Rule>(field)); });
}

void Loss::set(std::string_view field, double value) {
    visit_held(rule_, [&](auto& rule) { set_field(rule, field, value); });
}

bool Loss::has(std::string_view field) const {
    return visit_held(rule_, [&]<class Rule>(const Rule&) { return find_field<Rule>(field) != nullptr; });
}

void Loss::prepare(double* constants) const {
    std::fill_n(constants, max_loss_constants, 0.0);
    const auto prepare_rule = [&]<class Rule>(const Rule& rule) {
        check_fields_of(rule);
        rule.prepare(constants);
    };
    visit_held(rule_, prepare_rule);
}

}  // namespace glissade
