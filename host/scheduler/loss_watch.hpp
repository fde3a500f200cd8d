// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/scheduler/schedule.hpp"

/// What the schedules that watch the loss make of an epoch.
namespace glissade::scheduling {

/// Lowers the rate after `patience` epochs without a lower loss (of the validation set where there is one).
void watch_plateau(const EpochLosses& losses, const Settings& settings, LossWatch& watch);
/// Divides the rate where the training loss stalls; ends the run where it is low already.
void watch_adaptive(const EpochLosses& losses, const Settings& settings, LossWatch& watch);

inline constexpr Key plateau_keys[] = {{"factor", "0.1", 0, true, {}, {}, false, false, 0.9999999999999999},
                                       {"patience", "10", 0, false, {}, {}, false, true},
                                       {"threshold", "0.0001"},
                                       {"threshold_mode", "rel", 0, false, {}, "rel|abs"},
                                       {"cooldown", "0", 0, false, {}, {}, false, true, 1e15},
                                       {"min_lr", "0"},
                                       {"eps", "1e-8"}};
inline constexpr Key adaptive_keys[] = {{"divide", "5", 1, true},
                                        {"patience", "5", 1, false, "n_iter_no_change", {}, false, true},
                                        {"tol", "0.001"},
                                        {"lowest", "1e-6", 0, true}};

}  // namespace glissade::scheduling
