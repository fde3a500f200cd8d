// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "glissade/export.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/rules/catalog.hpp"

namespace glissade {

using AnyActivationRule = AnyOf<ActivationRules>::type;

/// An activation of the catalog with its settings, as hidden layers have it. Made from a rule, `glissade::LeakyRelu{.negative_slope = .1}`,
/// or from a name or alias, "gelu".
class GLISSADE_EXPORT Activation {
public:
    Activation() = default;  ///< relu
    Activation(const char* name) : Activation(std::string_view(name)) {}
    Activation(const std::string& name) : Activation(std::string_view(name)) {}
    /// Throws Error(usage) naming the nearest activation if there is none of that name.
    Activation(std::string_view name);
    template <class Rule>
    requires(rule_index<Rule>(ActivationRules{}) >= 0) Activation(Rule rule) : rule_(rule) {}
    static std::vector<std::string_view> names();

    std::string_view name() const;
    std::vector<FieldInfo> fields() const;
    /// As those of Optimizer.
    double get(std::string_view field) const;
    void set(std::string_view field, double value);
    bool has(std::string_view field) const;
    int index() const { return static_cast<int>(rule_.index()); }
    /// Writes the constants that the formula reads, max_activation_constants of them. Throws Error(usage) if a value is out of range.
    void prepare(double* constants) const;
    const AnyActivationRule& rule() const { return rule_; }

private:
    AnyActivationRule rule_;
};

}  // namespace glissade
