// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "glissade/trainer.hpp"

namespace glissade {

/// A training loss that had not settled when the run ended.
struct LateFall {
    double part = 0;          ///< by which it fell ...
    std::int64_t epochs = 0;  ///< ... over the last so many epochs
};

/// Looks at the last two quarters of what the learning rates add up to, not of the epochs: a schedule that ends at 0 makes every loss look
/// settled. A loss still fell if each of these quarters brought a good part of all progress. One that falls mostly in the last is not
/// meant: there the noise of the steps goes with their rate, and neither more epochs nor a higher rate would help; nor is one that rose by
/// as much from some epoch to the next. Nothing for less than two epochs.
std::optional<LateFall> late_fall(std::span<const EpochRecord> history);

/// The epoch of the lowest training loss, where the last one is higher by a tenth or more.
std::optional<EpochRecord> left_behind(std::span<const EpochRecord> history);

}  // namespace glissade
