// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cuda/card.hpp"
#include "host/execution/calibration.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

/// What plans go by on a card: what was measured of it where it was calibrated, else what cards of its generation are expected to do.
kernels::tuning::Expected rates_of(const Card& card, const Calibration& calibration);

}  // namespace glissade::cuda
