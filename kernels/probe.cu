// SPDX-License-Identifier: Apache-2.0
#include "kernels/probe.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

int launch_probe_read(const ProbeReadParams& params, int blocks, StreamHandle stream) {
    return launch(probe_read_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int launch_probe_copy(const ProbeCopyParams& params, int blocks, StreamHandle stream) {
    return launch(probe_copy_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int launch_probe_gather(const ProbeGatherParams& params, int blocks, StreamHandle stream) {
    return launch(probe_gather_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int launch_probe_barrier(const ProbeBarrierParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(probe_barrier_kernel, params, {blocks, threads, 0, params.team == Team::grid, params.team == Team::cluster ? blocks : 1},
                  stream);
}

}  // namespace glissade::kernels
