// SPDX-License-Identifier: Apache-2.0
#include "kernels/network_sums.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_network_fold(const NetworkFoldParams& params, int blocks, StreamHandle stream) {
    return launch(network_fold_kernel, params, {blocks, tuning::row_threads, sizeof(NetworkSumStorage), false}, stream);
}

int launch_network_check(const NetworkCheckParams& params, int blocks, StreamHandle stream) {
    return launch(network_check_kernel, params, {blocks, tuning::row_threads, sizeof(NetworkSumStorage), false}, stream);
}

int launch_network_decide(const NetworkDecideParams& params, StreamHandle stream) {
    return launch(network_decide_kernel, params, {1, tuning::row_threads, sizeof(NetworkSumStorage), false}, stream);
}

}  // namespace glissade::kernels
