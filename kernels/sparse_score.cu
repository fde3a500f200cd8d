// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse_score.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_sparse_scores(const SparseStepParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(sparse_scores_kernel, params, {blocks, threads, 0, false}, stream);
}

int launch_score_sparse(const ScoreSparseParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(score_sparse_kernel, params, {blocks, threads, 0, false}, stream);
}

}  // namespace glissade::kernels
