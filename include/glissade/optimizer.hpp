// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glissade/export.hpp"
#include "glissade/rules/catalog.hpp"

namespace glissade {

template <class List>
struct AnyOf;
template <class... Rules>
struct AnyOf<RuleList<Rules...>> {
    using type = std::variant<Rules...>;
};
using AnyUpdateRule = AnyOf<UpdateRules>::type;
using AnyLossRule = AnyOf<LossRules>::type;

/// One setting of a rule as programs see it.
struct FieldInfo {
    std::string_view name;
    bool is_flag;
    double default_value, low, high;
    bool low_open;
    std::string_view help;
};

/// An update rule of the catalog with its settings. Made from a rule, `glissade::Adam{.lr = 1e-2}`, whose values are checked when a run
/// begins, or by name.
class GLISSADE_EXPORT Optimizer {
public:
    Optimizer() : rule_(Adam{.lr = 1e-2}) {}
    template <class Rule>
    requires(rule_index<Rule>(UpdateRules{}) >= 0) Optimizer(Rule rule) : rule_(rule) {}
    /// The rule called `name` with its defaults. Throws Error(usage) naming the nearest one.
    static Optimizer named(std::string_view name);
    /// Every name of the catalog, in its order.
    static std::vector<std::string_view> names();

    std::string_view name() const;
    std::vector<FieldInfo> fields() const;
    /// Flags read as 0 or 1. Throw Error(usage) for a field that the rule does not have or a value out of its range.
    double get(std::string_view field) const;
    void set(std::string_view field, double value);
    bool has(std::string_view field) const;
    /// Throws Error(usage) if a value is out of range or settings contradict each other.
    void check() const;

    int index() const { return static_cast<int>(rule_.index()); }
    int variant() const;                           ///< which of the rule's forms the settings choose
    int state_count() const;                       ///< state vectors of that form
    std::vector<std::string> state_names() const;  ///< their names
    double initial_state(int state) const;
    bool decoupled_decay() const;  ///< weight decay is not part of the gradient
    bool full_batch_only() const;  ///< it means something for the gradient of all rows only, and sets its steps itself: no schedule
    bool driven_by_host() const;   ///< its step is one of the whole vector (lbfgs), for several passes over the data
    const AnyUpdateRule& rule() const { return rule_; }

private:
    AnyUpdateRule rule_;
};

/// A loss of the catalog with its settings. Made from a rule, `glissade::Huber{.delta = 2}`, or from a name or alias, "logistic".
class GLISSADE_EXPORT Loss {
public:
    /// "auto": chosen from the data: squared for regression, logistic for two classes, softmax for more.
    Loss() = default;
    Loss(const char* name) : Loss(std::string_view(name)) {}
    Loss(const std::string& name) : Loss(std::string_view(name)) {}
    /// Throws Error(usage) naming the nearest loss if there is none of that name.
    Loss(std::string_view name);
    template <class Rule>
    requires(rule_index<Rule>(LossRules{}) >= 0) Loss(Rule rule) : automatic_(false), rule_(rule) {}
    static std::vector<std::string_view> names();

    bool is_auto() const { return automatic_; }
    std::string_view name() const;  ///< the canonical name; "auto" until it is chosen
    LossKind kind() const;
    Link link() const;
    TargetRange targets() const;                  ///< which targets a regression loss takes
    bool takes_target(double target) const;       ///< whether a finite target of a regression lies in that range
    std::optional<double> max_curvature() const;  ///< bound of the second derivative along a score; absent where there is none
    std::vector<FieldInfo> fields() const;
    /// As those of Optimizer.
    double get(std::string_view field) const;
    void set(std::string_view field, double value);
    bool has(std::string_view field) const;
    int index() const { return static_cast<int>(rule_.index()); }
    /// Writes the constants that the formula reads, max_loss_constants of them. Throws Error(usage) if a value is out of range.
    void prepare(double* constants) const;
    const AnyLossRule& rule() const { return rule_; }

private:
    bool automatic_ = true;
    AnyLossRule rule_;
};

}  // namespace glissade
