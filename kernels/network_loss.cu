// SPDX-License-Identifier: Apache-2.0
#include "kernels/network_loss.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_network_loss(const NetworkLossParams& params, int blocks, StreamHandle stream) {
    return launch(network_loss_kernel, params, {blocks, tuning::loss_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
