// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "glissade/rules/activation_elu.hpp"
#include "glissade/rules/activation_gelu.hpp"
#include "glissade/rules/activation_identity.hpp"
#include "glissade/rules/activation_leaky_relu.hpp"
#include "glissade/rules/activation_relu.hpp"
#include "glissade/rules/activation_sigmoid.hpp"
#include "glissade/rules/activation_silu.hpp"
#include "glissade/rules/activation_tanh.hpp"
#include "glissade/rules/loss_absolute.hpp"
#include "glissade/rules/loss_epsilon.hpp"
#include "glissade/rules/loss_gamma.hpp"
#include "glissade/rules/loss_hinge.hpp"
#include "glissade/rules/loss_huber.hpp"
#include "glissade/rules/loss_logistic.hpp"
#include "glissade/rules/loss_modified_huber.hpp"
#include "glissade/rules/loss_perceptron.hpp"
#include "glissade/rules/loss_poisson.hpp"
#include "glissade/rules/loss_quantile.hpp"
#include "glissade/rules/loss_softmax.hpp"
#include "glissade/rules/loss_squared.hpp"
#include "glissade/rules/loss_tweedie.hpp"
#include "glissade/rules/update_adabelief.hpp"
#include "glissade/rules/update_adadelta.hpp"
#include "glissade/rules/update_adagrad.hpp"
#include "glissade/rules/update_adam.hpp"
#include "glissade/rules/update_adamax.hpp"
#include "glissade/rules/update_adamw.hpp"
#include "glissade/rules/update_ftrl.hpp"
#include "glissade/rules/update_lazy_adam.hpp"
#include "glissade/rules/update_lbfgs.hpp"
#include "glissade/rules/update_lion.hpp"
#include "glissade/rules/update_nadam.hpp"
#include "glissade/rules/update_radam.hpp"
#include "glissade/rules/update_rmsprop.hpp"
#include "glissade/rules/update_rprop.hpp"
#include "glissade/rules/update_sgd.hpp"
#include "glissade/rules/update_yogi.hpp"

/// The type lists: what exists. Flags, kernels, CPU loops, docs, tests and benchmarks are made from them.
namespace glissade {

template <class... Rules>
struct RuleList {
    static constexpr int count = sizeof...(Rules);
};

using LossRules = RuleList<Squared, Logistic, Softmax, Hinge, SquaredHinge, Huber, Absolute, Quantile, EpsilonInsensitive,
                           SquaredEpsilonInsensitive, ModifiedHuber, Perceptron, Poisson, Gamma, Tweedie>;
using UpdateRules =
    RuleList<Sgd, Adagrad, Adadelta, RmsProp, Adam, AdamW, Adamax, NAdam, Yogi, RAdam, AdaBelief, Lion, Ftrl, LazyAdam, Rprop, Lbfgs>;

using ActivationRules = RuleList<Relu, LeakyRelu, Elu, Gelu, GeluTanh, Silu, Tanh, Sigmoid, Identity>;

/// Calls `f.template operator()<Rule>()` for the rule at `index`; does nothing beyond the list. A uniform switch: every thread of a launch
/// agrees.
template <class... Rules, class F>
GLISSADE_RULE void visit_rule(RuleList<Rules...>, int index, F&& f) {
    int i = 0;
    ((index == i++ ? (f.template operator()<Rules>(), 0) : 0), ...);
}

namespace rules {
template <class Rule, int Variant, class F>
GLISSADE_RULE void visit_variant(int variant, F&& f) {
    if constexpr (Variant < Rule::variants) {
        if (variant == Variant)
            f.template operator()<Rule, Variant>();
        else
            visit_variant<Rule, Variant + 1>(variant, f);
    }
}
template <class F>
struct VariantVisitor {
    int variant;
    F& f;
    template <class Rule>
    GLISSADE_RULE void operator()() const {
        visit_variant<Rule, 0>(variant, f);
    }
};
}  // namespace rules

/// Calls `f.template operator()<Rule, Variant>()` for an update rule and the variant of it that its settings chose.
template <class F>
GLISSADE_RULE void visit_update(int rule, int variant, F&& f) {
    visit_rule(UpdateRules{}, rule, rules::VariantVisitor<F>{variant, f});
}

/// The position of a rule in its list.
template <class Rule, class... Rules>
constexpr int rule_index(RuleList<Rules...>) {
    int index = 0, found = -1;
    ((std::is_same_v<Rule, Rules> ? void(found = index) : void(), ++index), ...);
    return found;
}

}  // namespace glissade
