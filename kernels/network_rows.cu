// SPDX-License-Identifier: Apache-2.0
#include "kernels/network_rows.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_network_begin(const NetworkBeginParams& params, StreamHandle stream) {
    return launch(network_begin_kernel, params, {1, tuning::warp, 0, false}, stream);
}

int launch_network_gather(const NetworkGatherParams& params, int blocks, StreamHandle stream) {
    return launch(network_gather_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int launch_network_input(const NetworkInputParams& params, int blocks, StreamHandle stream) {
    return launch(network_input_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
