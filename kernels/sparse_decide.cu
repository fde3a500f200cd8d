// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse_decide.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_sparse_decide(const SparseStepParams& params, int threads, StreamHandle stream) {
    return launch(sparse_decide_kernel, params, {1, threads, sizeof(DecideStorage), false}, stream);
}

}  // namespace glissade::kernels
