// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/plan.hpp"

namespace glissade::cuda {

using kernels::Exchange;
using kernels::LinearShape;
using kernels::SegmentLaunch;
using kernels::Team;

WorkBuffers buffers_of(const LinearShape& all, const SegmentPlan& plan, bool clips_by_norm) {
    const SegmentLaunch& launch = plan.launch;
    const LinearShape shape = launch.of_a_team(all);
    const bool sliced = launch.exchange == Exchange::sliced;
    WorkBuffers buffers;
    if (launch.team == Team::graph) buffers.exchange = launch.blocks * shape.sums();
    if (launch.team == Team::grid) buffers.exchange = (sliced ? 1 : 2) * launch.blocks / launch.cluster * shape.sums();
    if (launch.team == Team::cluster && !launch.places.sums) buffers.exchange = launch.blocks * shape.sums();
    buffers.stack = launch.blocks * plan.stack_levels * shape.sums();
    if (!sliced && !launch.places.state) buffers.block_state = launch.blocks * shape.state_vectors * shape.parameters();
    if (!launch.places.sums) buffers.block_sums = launch.blocks * plan.tile.partials * shape.sums();
    if (sliced && clips_by_norm) buffers.gradients = shape.parameters();
    return buffers;
}

}  // namespace glissade::cuda
