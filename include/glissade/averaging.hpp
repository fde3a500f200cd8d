// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/schedule.hpp"

namespace glissade {

/// Which mean of the parameters over the steps becomes the model: none (the last parameters), the plain mean (Polyak and Ruppert) or the
/// exponential one, which weighs the mean so far by `Averaging::decay` at each step.
enum class AverageKind { none, mean, exponential };

/// How a run averages its parameters. The first parameters in the mean are those after the step that gets as far as `start`, or after the
/// first step; until then the model is the last parameters. A start of half the run is tail averaging; PyTorch's ExponentialMovingAverage
/// starts with the first step too, and scikit-learn's average=N is a start at N samples.
struct Averaging {
    AverageKind kind = AverageKind::none;
    double decay = .999;                               ///< of the exponential mean, above 0 and below 1
    double start = 0;                                  ///< at least 0
    ScheduleUnit start_unit = ScheduleUnit::fraction;  ///< of `start`; fraction: of the run

    bool on() const { return kind != AverageKind::none; }
};

}  // namespace glissade
