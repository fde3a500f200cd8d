// SPDX-License-Identifier: Apache-2.0
#include "kernels/score_linear.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_score_linear(const ScoreLinearParams& params, int blocks, StreamHandle stream) {
    return launch(score_linear_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
