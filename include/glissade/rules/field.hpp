// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace glissade {

/// One setting of a rule: flags, docs, checks, Python and `inspect` are made from it. Either `number` or `flag` is set.
template <class Rule>
struct Field {
    std::string_view name;
    double Rule::*number = nullptr;
    bool Rule::*flag = nullptr;
    double low = 0;         ///< smallest value allowed ...
    double high = 0;        ///< ... and the largest
    bool low_open = false;  ///< `low` itself is not allowed
    std::string_view help;

    static constexpr Field at_least(std::string_view name_in, double Rule::*member, double low_in, std::string_view help_in) {
        return {name_in, member, nullptr, low_in, 1e300, false, help_in};
    }
    static constexpr Field above(std::string_view name_in, double Rule::*member, double low_in, std::string_view help_in) {
        return {name_in, member, nullptr, low_in, 1e300, true, help_in};
    }
    /// A decay rate: 0 <= value < 1.
    static constexpr Field rate(std::string_view name_in, double Rule::*member, std::string_view help_in) {
        return {name_in, member, nullptr, 0, 0x1.fffffffffffffp-1, false, help_in};
    }
    /// low < value < high, for a high end that is a power of two.
    static constexpr Field between(std::string_view name_in, double Rule::*member, double low_in, double high_in,
                                   std::string_view help_in) {
        return {name_in, member, nullptr, low_in, high_in * 0x1.fffffffffffffp-1, true, help_in};
    }
    static constexpr Field boolean(std::string_view name_in, bool Rule::*member, std::string_view help_in) {
        return {name_in, nullptr, member, 0, 1, false, help_in};
    }
};

/// What `prepare` of an update rule is told about a step.
struct StepInfo {
    long long t;      ///< counts steps from 1
    double lr;        ///< learning rate of this step, from the schedule
    double momentum;  ///< scheduled momentum (or beta1) of this step, if `has_momentum`
    bool has_momentum;
};

/// What an update rule does to a parameter that has no gradient in a step, as those have whose column a sparse batch does not hold. A rule
/// that says nothing moves it (momentum): then each step runs over all parameters.
enum class Idle {
    moves,    ///< no closed form for several steps
    rests,    ///< nothing, but for penalties
    decays,   ///< theta by the factor 1 - k[0] * decay, else nothing
    fades,    ///< all of the state by the factor k[1], the same in every step; theta rests
    follows,  ///< theta rests, z follows the rate (FTRL)
    skips     ///< the step is not for it: nothing at all, penalties included
};

/// Idle of a rule's variant.
template <class Rule>
constexpr Idle idle_of(int variant) {
    if constexpr (requires { Rule::idle(variant); })
        return Rule::idle(variant);
    else
        return Idle::moves;
}

inline constexpr int max_rule_scalars = 9;  ///< reals that `prepare` may hand to `apply`
inline constexpr int max_rule_state = 4;    ///< state vectors of an update rule, the average included
inline constexpr int max_activation_constants = 1;
inline constexpr int max_rule_memory = 2;  ///< doubles that `prepare` carries from step to step

}  // namespace glissade
