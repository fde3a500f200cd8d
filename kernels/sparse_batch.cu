// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse_batch.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_sparse_rows(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_rows_kernel, params, {blocks, threads, sizeof(CountStorage), false}, stream);
}

int launch_sparse_scan(const SparseStepParams& params, int threads, StreamHandle stream) {
    return launch(sparse_scan_kernel, params, {1, threads, sizeof(CountStorage), false}, stream);
}

}  // namespace glissade::kernels
