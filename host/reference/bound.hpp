// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/reference/problem.hpp"

namespace glissade::reference {

/// How far a correct run in some precision may be from the reference, after each step.
struct Bounds {
    std::vector<double> parameters;                    ///< largest difference of any parameter after each step (index 0: after the first)
    std::vector<double> losses;                        ///< difference of the step's mean loss
    double average = 0;                                ///< largest difference of any element of the running average at the end
    std::map<std::string, double, std::less<>> state;  ///< of any element of each state vector at the end, by PyTorch's name

    /// Of any step up to and including the last: what to compare the end of a run with.
    double worst_parameter() const;
};

inline constexpr double float32_unit = 0x1p-24;  ///< unit roundoff: half the gap beside 1
inline constexpr double float64_unit = 0x1p-53;

/// The bound is measured, not guessed: the reference itself is run in arithmetic whose every operation errs at random by up to `unit`
/// (Monte Carlo arithmetic), so that the errors pass through the very same data, rules and steps. Half of `samples` runs draw fresh errors,
/// which add up as those of independent roundings do (Higham and Mary 2019), half repeat the same errors of full size in each step, which
/// add up as biased roundings do. The bound is `safety` times the largest deviation from the run without errors, plus that of the
/// double-precision reference. A correct run is one more draw; that it should deviate `safety` times as much as the worst of all samples
/// has a chance below 1e-6 (docs/numerics.md). Cost: `samples` + 1 slow training runs.
Bounds error_bounds(const Problem& problem, const Settings& settings, std::span<const Step> steps, std::span<const double> start,
                    double unit);

inline constexpr int bound_samples = 8;
inline constexpr double bound_safety = 8;

}  // namespace glissade::reference
