// SPDX-License-Identifier: Apache-2.0
#include "kernels/step_linear.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

namespace {

int launch_step(void (*kernel)(StepLinearParams), const StepLinearParams& params, StreamHandle stream) {
    const SegmentLaunch& shape = params.linear.launch;
    return launch(kernel, params, {shape.blocks, shape.threads, params.linear.layout.bytes, false}, stream);
}

}  // namespace

int launch_step_begin(const StepBeginParams& params, StreamHandle stream) {
    return launch(step_begin_kernel, params, {1, tuning::warp, 0, false}, stream);
}

int launch_step_sums(const StepLinearParams& params, StreamHandle stream) {
    return launch_step(step_sums_kernel, params, stream);
}

int launch_step_gradients(const StepLinearParams& params, StreamHandle stream) {
    return launch_step(step_gradients_kernel, params, stream);
}

int launch_step_update(const StepLinearParams& params, StreamHandle stream) {
    return launch_step(step_update_kernel, params, stream);
}

}  // namespace glissade::kernels
