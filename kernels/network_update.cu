// SPDX-License-Identifier: Apache-2.0
#include "kernels/network_update.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_network_update(const NetworkUpdateParams& params, int blocks, StreamHandle stream) {
    return launch(network_update_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
