// SPDX-License-Identifier: Apache-2.0
#include "kernels/judge_rows.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_judge_rows(const JudgeRowsParams& params, int blocks, StreamHandle stream) {
    return launch(judge_rows_kernel, params, {blocks, rules::folded_terms, sizeof(FoldStorage), false}, stream);
}

}  // namespace glissade::kernels
