// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse_update.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_sparse_update(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_update_kernel, params, {blocks, threads, 0, false}, stream);
}

int launch_sparse_update_all(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_update_all_kernel, params, {blocks, threads, 0, false}, stream);
}

int launch_sparse_drop(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_drop_kernel, params, {blocks, threads, 0, false}, stream);
}

}  // namespace glissade::kernels
