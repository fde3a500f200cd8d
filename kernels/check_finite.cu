// SPDX-License-Identifier: Apache-2.0
#include "kernels/check_finite.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_check_finite(const CheckFiniteParams& params, int blocks, StreamHandle stream) {
    return launch(check_finite_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
