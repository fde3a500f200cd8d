// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/linear_graphs.hpp"

#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/check.hpp"

namespace glissade::cuda {

using kernels::SegmentLinearParams;

namespace {

/// Whether graphs that name the memory of one serve the other.
bool same_tables(const SegmentLinearParams& a, const SegmentLinearParams& b) {
    return a.parameters_out == b.parameters_out && a.state_out == b.state_out && a.orders == b.orders && a.scalars == b.scalars &&
           a.loss_sums == b.loss_sums && a.outcome == b.outcome;
}

}  // namespace

void LinearGraphs::queue_begin(const SegmentLinearParams& params, bool frozen, const Stream& stream, const std::string& subject) const {
    kernels::StepBeginParams begin;
    begin.value.next.batch = params.first_batch;
    begin.value.next.frozen = frozen;
    begin.leg = leg_.data();
    begin.signals = params.signals;
    begin.members = static_cast<int>(params.shape.members);
    check_launch(kernels::launch_step_begin(begin, stream.get()), "step_begin", subject);
}

void LinearGraphs::queue_step(const SegmentLinearParams& params) const {
    const kernels::StepLinearParams step{params, leg_.data()};
    check_launch(kernels::launch_step_sums(step, line_.get()), "step_sums", "a step");
    if (params.clip_norm > 0) check_launch(kernels::launch_step_gradients(step, line_.get()), "step_gradients", "a step");
    check_launch(kernels::launch_step_update(step, line_.get()), "step_update", "a step");
}

void LinearGraphs::load(const SegmentLinearParams& params) {
    queue_begin(params, true, line_, "a first step");
    queue_step(params);
    line_.synchronize("a first step");
}

void LinearGraphs::prepare(const SegmentLinearParams& params) {
    const auto graph_of = [&](std::int64_t steps) {
        const auto queue = [&] {
            for (std::int64_t i = 0; i < steps; ++i) queue_step(params);
        };
        return std::make_unique<Graph>(line_, queue, std::to_string(steps) + (steps == 1 ? " step" : " steps"));
    };
    places_.push_back({params, graph_of(graph_steps), graph_of(1)});
}

void LinearGraphs::queue(const DeviceLeg& leg, const SegmentLinearParams& params, const Stream& stream) const {
    const auto place = std::ranges::find_if(places_, [&params](const Place& other) { return same_tables(other.params, params); });
    if (place == places_.end()) fail(ErrorKind::internal, "there is no graph of steps for this place of parameters");
    const std::string subject = steps_from(leg.first_step, leg.steps);
    const std::int64_t parameters = params.shape.parameters(), state = params.shape.state_vectors * parameters;
    if (leg.parameters_in != leg.parameters_out)
        stream.copy(leg.parameters_out, leg.parameters_in, parameters, cudaMemcpyDeviceToDevice, "parameters");
    if (leg.state_in != leg.state_out) stream.copy(leg.state_out, leg.state_in, state, cudaMemcpyDeviceToDevice, "state");
    queue_begin(params, false, stream, subject);
    for (std::int64_t left = leg.steps; left > 0;) {
        const bool many = left >= graph_steps;
        (many ? place->many : place->one)->launch(stream, subject);
        left -= many ? graph_steps : 1;
    }
}

}  // namespace glissade::cuda
