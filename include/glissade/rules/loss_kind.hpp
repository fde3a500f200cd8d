// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/portable.hpp"

namespace glissade {

/// What the targets of a loss are, and how many scores it reads.
enum class LossKind {
    regression,  ///< one score and one real target an output; outputs of a row are summed. Declares `degree`: the loss of errors s times as
                 ///< large, its own lengths (delta) s times as large too, is s^degree times the loss; 0 for a logarithmic link
    binary,      ///< one score a row, targets 0 or 1; of more classes one score each, the target is the index of the class (one-vs-rest);
                 ///< of several labels a row one score each and as many targets 0 or 1
    grouped,     ///< one score a class, the target is the index of the class
};

/// What a score says about the target. A loss with another link than the identity declares it as `link`.
enum class Link {
    identity,   ///< the score is the prediction
    logarithm,  ///< the prediction is e^score, so a target is not shifted or scaled
};

/// Which targets a regression loss is defined for. A loss that does not take all of them declares it as `targets`.
enum class TargetRange { any, not_negative, positive };

// A loss may also declare max_curvature, the most that its second derivative along a score can be, and, for two classes,
// probability(score), that of class 1.

template <class Rule>
constexpr Link link_of() {
    if constexpr (requires { Rule::link; })
        return Rule::link;
    else
        return Link::identity;
}
template <class Rule>
constexpr TargetRange targets_of() {
    if constexpr (requires { Rule::targets; })
        return Rule::targets;
    else
        return TargetRange::any;
}
constexpr bool in_range(TargetRange range, double target) {
    return range == TargetRange::any || (range == TargetRange::positive ? target > 0 : target >= 0);
}

/// The target of the output that tells class `o` (1) from all others (0), for a row of class `index`.
template <class Real>
GLISSADE_RULE Real one_vs_rest(Real index, int o) {
    return index == static_cast<Real>(o) ? Real(1) : Real(0);
}

/// The target of output `o` of a row under a binary loss: its own where there is one for each output, else its class against all others.
/// The losses of the outputs are summed.
template <class Real>
GLISSADE_RULE Real binary_target(const Real* targets, int target_count, int o, int outputs) {
    return target_count == outputs ? targets[o] : one_vs_rest(targets[0], o);
}

inline constexpr int max_loss_constants = 2;

}  // namespace glissade
