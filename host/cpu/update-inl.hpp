// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set (hwy/foreach_target.h), so it has a guard that flips instead of #pragma once.
#if defined(GLISSADE_HOST_CPU_UPDATE_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef GLISSADE_HOST_CPU_UPDATE_INL_
#undef GLISSADE_HOST_CPU_UPDATE_INL_
#else
#define GLISSADE_HOST_CPU_UPDATE_INL_
#endif

#include "glissade/rules/update.hpp"
#include "host/cpu/kernels.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// The update rules over arrays: plain loops that the compiler turns into vectors of this instruction set. A function of its own, since the
/// vectoriser believes `restrict` of parameters only.
template <class Rule, int Variant, bool Averaging, class Real>
HWY_NOINLINE void update_all(const Real* HWY_RESTRICT scalars, const Real* HWY_RESTRICT gradient, Real* HWY_RESTRICT theta,
                             Real* HWY_RESTRICT state_0, Real* HWY_RESTRICT state_1, Real* HWY_RESTRICT state_2, Real* HWY_RESTRICT state_3,
                             std::int64_t count) {
    constexpr int states = Rule::state_count(Variant) + (Averaging ? 1 : 0);
    for (std::int64_t j = 0; j < count; ++j) {
        Real s[max_rule_state];
        if constexpr (states > 0) s[0] = state_0[j];
        if constexpr (states > 1) s[1] = state_1[j];
        if constexpr (states > 2) s[2] = state_2[j];
        if constexpr (states > 3) s[3] = state_3[j];
        Real t = theta[j];
        rules::update_parameter<Rule, Variant, Averaging>(scalars, gradient[j], t, s);
        theta[j] = t;
        if constexpr (states > 0) state_0[j] = s[0];
        if constexpr (states > 1) state_1[j] = s[1];
        if constexpr (states > 2) state_2[j] = s[2];
        if constexpr (states > 3) state_3[j] = s[3];
    }
}

template <class Rule, int Variant, bool Averaging, class Real>
void update(const UpdateTask<Real>& task) {
    update_all<Rule, Variant, Averaging>(task.scalars, task.gradient, task.theta, task.state[0], task.state[1], task.state[2],
                                         task.state[3], task.count);
}

template <class Real>
struct PickUpdate {
    bool averaging;
    UpdateLoop<Real>& loop;
    template <class Rule, int Variant>
    void operator()() const {
        loop = averaging ? update<Rule, Variant, true, Real> : update<Rule, Variant, false, Real>;
    }
};
template <class Real>
UpdateLoop<Real> pick_update(int rule, int variant, bool averaging) {
    UpdateLoop<Real> loop = nullptr;
    const PickUpdate<Real> pick{averaging, loop};
    visit_update(rule, variant, pick);
    return loop;
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
