// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "glissade/trainer.hpp"
#include "host/execution/backend.hpp"
#include "host/train/device_choice.hpp"

namespace glissade {

/// The backend that the options ask for; `choice_out` says what it became and why. `auto` falls to the CPU where the GPU would refuse the
/// shape; a device asked for by name never does. `network`: of the run that goes on. Throws Error(usage | device | memory).
template <class Real>
std::unique_ptr<Backend<Real>> make_backend(const Problem<Real>& problem, const TrainOptions& options, DeviceChoice& choice_out,
                                            NetworkFamily network = NetworkFamily::faster);

}  // namespace glissade
