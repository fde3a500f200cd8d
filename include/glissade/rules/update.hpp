// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/catalog.hpp"

/// One parameter's step, the same on every backend: gradient of the mean loss in, parameter and state updated.
namespace glissade::rules {

/// Layout of the scalars of a step for one member and one range of parameters. Each step has two such rows a member: weights, then biases.
struct ScalarRow {
    static constexpr int coupled_decay = 0;  ///< l2 + coupled weight decay: g += this * theta
    static constexpr int shrink = 1;         ///< soft threshold after the step: lr * l1
    static constexpr int average = 2;        ///< weight of the new point in the running average; 0 before averaging starts
    static constexpr int rule = 3;           ///< the rule's own scalars begin here
    static constexpr int size = 12;          ///< reals, padded
};
inline constexpr int scalars_a_member = 2 * ScalarRow::size;

static_assert(ScalarRow::rule + max_rule_scalars <= ScalarRow::size);

/// Whether the rule's weight decay shrinks the weights themselves and is no part of the gradient.
template <class Rule>
constexpr bool decays_apart(const Rule& rule) {
    if constexpr (requires { rule.decoupled_weight_decay; })
        return rule.decoupled_weight_decay;
    else
        return Rule::decoupled_decay;
}

/// The rule as biases see it, which penalties spare.
template <class Rule>
constexpr Rule without_penalties(Rule rule) {
    rule.weight_decay = 0;
    if constexpr (requires { rule.l1_strength; }) rule.l1_strength = rule.l2_strength = 0;
    return rule;
}

/// Soft threshold: moves x towards 0 by `amount`, exactly to 0 within it (the proximal step of amount*|x|).
template <class Real>
GLISSADE_RULE Real soft_threshold(Real x, Real amount) {
    const Real above = x - amount, below = x + amount;
    return above > Real(0) ? above : (below < Real(0) ? below : (x == x ? Real(0) : x));
}

/// The running average of theta once it has come to a new point. `row`: as for update_parameter.
template <class Real>
GLISSADE_RULE Real running_average(const Real* row, Real theta, Real average) {
    return fused(row[ScalarRow::average], theta - average, average);
}

/// `g`: gradient of the batch's mean loss, already clipped. `s`: this parameter's state, max_rule_state values, of which the rule uses
/// `Rule::state_count(Variant)` and, if Averaging, the next one is the running average of theta.
template <class Rule, int Variant, bool Averaging, class Real>
GLISSADE_RULE void update_parameter(const Real* row, Real g, Real& theta, Real* s) {
    const Real total = fused(row[ScalarRow::coupled_decay], theta, g);
    Rule::template apply<Variant>(row + ScalarRow::rule, total, theta, s);
    const Real shrink = row[ScalarRow::shrink];
    theta = shrink > Real(0) ? soft_threshold(theta, shrink) : theta;
    if constexpr (Averaging) {
        constexpr int slot = Rule::state_count(Variant);
        s[slot] = running_average(row, theta, s[slot]);
    }
}

}  // namespace glissade::rules
