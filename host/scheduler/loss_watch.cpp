// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/loss_watch.hpp"

#include <algorithm>

namespace glissade::scheduling {

/// PyTorch's ReduceLROnPlateau.
void watch_plateau(const EpochLosses& losses, const Settings& s, LossWatch& watch) {
    const double factor = s.number[0], patience = s.number[1], threshold = s.number[2], min_rate = s.number[5], eps = s.number[6];
    const double loss = losses.validation.value_or(losses.training);
    const bool relative = s.number[3] == 0;
    if (loss < (relative ? watch.best * (1.0 - threshold) : watch.best - threshold)) {
        watch.best = loss;
        watch.stalls = 0;
    } else {
        ++watch.stalls;
    }
    if (watch.cooldown > 0) {
        --watch.cooldown;
        watch.stalls = 0;
    }
    if (static_cast<double>(watch.stalls) <= patience) return;
    const double lower = std::max(watch.rate * factor, min_rate);
    if (watch.rate - lower > eps) watch.rate = lower;
    watch.cooldown = static_cast<std::int64_t>(s.number[4]);
    watch.stalls = 0;
}

/// scikit-learn's learning_rate='adaptive'.
void watch_adaptive(const EpochLosses& losses, const Settings& s, LossWatch& watch) {
    const double divide = s.number[0], patience = s.number[1], tol = s.number[2], lowest = s.number[3];
    watch.stalls = losses.training > watch.best - tol ? watch.stalls + 1 : 0;
    watch.best = std::min(watch.best, losses.training);
    if (static_cast<double>(watch.stalls) < patience) return;
    watch.over = watch.rate <= lowest;
    if (watch.over) return;
    watch.rate /= divide;
    watch.stalls = 0;
}

}  // namespace glissade::scheduling
