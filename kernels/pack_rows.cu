// SPDX-License-Identifier: Apache-2.0
#include "kernels/pack_rows.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_pack_rows(const PackRowsParams& params, int blocks, StreamHandle stream) {
    return launch(pack_rows_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
