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

namespace {

GridShape shape_of(const ProbeBarrierParams& params, int blocks, int threads) {
    return {blocks, threads, 0, params.team == Team::grid, params.team == Team::cluster ? blocks : params.cluster};
}

}  // namespace

int launch_probe_barrier(const ProbeBarrierParams& params, int blocks, int threads, StreamHandle stream) {
    return launch(probe_barrier_kernel, params, shape_of(params, blocks, threads), stream);
}

int launch_probe_add(const ProbeAddParams& params, int blocks, StreamHandle stream) {
    return launch(probe_add_kernel, params, {blocks, tuning::row_threads, 0, false}, stream);
}

int resident_probe_clusters(const ProbeBarrierParams& params, int blocks, int threads, int* clusters_out) {
    return resident_clusters(probe_barrier_kernel, shape_of(params, blocks, threads), clusters_out);
}

}  // namespace glissade::kernels
