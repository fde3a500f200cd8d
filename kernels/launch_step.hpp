// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/launch.hpp"

/// The gate to the steps of a dense model of the linear family as launches that follow one another (Team::graph): begin once a leg, then
/// sums, with a limit on the norm gradients, and update for each step. A graph replays them, so what changes from step to step is read from
/// a LinearLeg in device memory.
namespace glissade::kernels {

/// Where the steps of a leg stand, in device memory. A launch reads one half while its first block writes the other, so that no block waits
/// for another.
struct LinearLeg {
    struct Place : BatchCursor {
        bool frozen = false;  ///< a sum was not finite: nothing changes any more
    };
    Place next;  ///< the step to be done next; sums reads it, begin and update write it
    Place now;   ///< the step under way; sums writes it, gradients and update read it
};

struct StepBeginParams {
    LinearLeg value;
    LinearLeg* leg = nullptr;
    SegmentSignals* signals = nullptr;
    int members = 1;
};
int launch_step_begin(const StepBeginParams& params, StreamHandle stream);

struct StepLinearParams {
    /// Parameters and state are changed in parameters_out and state_out. Not looked at: steps, first_batch, parameters_in, state_in.
    SegmentLinearParams linear;
    LinearLeg* leg = nullptr;
};
int launch_step_sums(const StepLinearParams& params, StreamHandle stream);
int launch_step_gradients(const StepLinearParams& params, StreamHandle stream);
int launch_step_update(const StepLinearParams& params, StreamHandle stream);

}  // namespace glissade::kernels
