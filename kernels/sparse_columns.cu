// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse_columns.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_sparse_columns(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_columns_kernel, params, {blocks, threads, 0, false}, stream);
}

int launch_sparse_norm(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_norm_kernel, params, {blocks, threads, 0, false}, stream);
}

}  // namespace glissade::kernels
