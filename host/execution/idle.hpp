// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "glissade/rules/waiting.hpp"
#include "host/execution/backend.hpp"

/// Parameters of sparse runs that wait until a batch holds their column again: what they are worth meanwhile.
///
/// With a_t = 1 - lr_t * l2 and c_t = lr_t * l1, k steps without a gradient turn theta into soft(...soft(a*theta, c)..., c), which is
///   P_t * soft(theta / P_s, S_t - S_s)  with  P_t = a_1 ... a_t  and  S_t = c_1 / P_1 + ... + c_t / P_t.
/// So a parameter is stored as theta / P_s with the mark S_s, and nothing need be done to it until it is read. Of a rule whose state fades
/// the mark is its age, the steps since a batch held it; of FTRL it is 1/lr of that step.
namespace glissade {

/// What waits with every member: P and S (decays, rests), or 1/lr of the last step (follows).
inline constexpr std::int64_t idle_numbers = 2;

/// The least product, a power of two, so that stored values keep away from the ends of float32.
inline constexpr double least_product = 0x1p-20;
/// Steps after which sums begin anew, so that their rounding stays small.
inline constexpr std::int64_t steps_a_sum = 65536;
/// What a single step may leave of theta; below, or with its sign turned, a step runs over all parameters.
inline constexpr double least_factor = .0625;

/// Moves what waits with a member, its idle_numbers, on by one step: the step-th of the run, from 0, with these scalars. Whether the step
/// runs over all of the member's parameters, which then wait no longer.
template <class Real>
bool advance_waiting(const IdlePlan& idle, std::int64_t step, const Real* scalars, double* numbers);

/// `waiting` of a run that begins.
std::vector<double> waiting_at_start(std::int64_t members);

/// How a rule of the catalog, with these penalties and averaging, waits.
IdlePlan plan_idle(int rule, int variant, bool decays, bool shrinks, bool averaging);

/// The parameters of one member as of now: weights [outputs][columns], biases [outputs].
template <class Real>
std::vector<Real> settled_parameters(const Problem<Real>& problem, const TrainingState<Real>& state, std::int64_t member);

}  // namespace glissade
