// SPDX-License-Identifier: Apache-2.0
#include "kernels/network_units.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_network_activate(const NetworkActivateParams& params, int blocks, StreamHandle stream) {
    return launch(network_activate_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int launch_network_turn(const NetworkTurnParams& params, int blocks, StreamHandle stream) {
    return launch(network_turn_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
