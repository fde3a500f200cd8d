// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "host/cuda/buffers.hpp"
#include "host/cuda/graph.hpp"
#include "host/cuda/step_runner.hpp"
#include "kernels/launch_step.hpp"

namespace glissade::cuda {

/// The steps of Team::graph: launches that are written down once for each place of parameters and state, and replayed, several steps at a
/// time.
class LinearGraphs {
public:
    static constexpr std::int64_t device_bytes = sizeof(kernels::LinearLeg);
    static constexpr std::int64_t graph_steps = 32;  ///< of the longer graph: they share what a launch of one costs

    LinearGraphs() : leg_(1, "where a segment stands") {}

    /// Runs every kernel of a step of a frozen leg, which changes nothing: they are loaded now and not while a graph is written down.
    void load(const kernels::SegmentLinearParams& params);
    /// Makes the graphs of steps that take `params`.
    void prepare(const kernels::SegmentLinearParams& params);
    /// Queues a leg whose memory, but for what it reads first, is that of steps that were prepared.
    void queue(const DeviceLeg& leg, const kernels::SegmentLinearParams& params, const Stream& stream) const;

private:
    struct Place {
        kernels::SegmentLinearParams params;
        std::unique_ptr<Graph> many, one;
    };

    void queue_begin(const kernels::SegmentLinearParams& params, bool frozen, const Stream& stream, const std::string& subject) const;
    void queue_step(const kernels::SegmentLinearParams& params) const;

    DeviceBuffer<kernels::LinearLeg> leg_;
    Stream line_;  ///< that graphs are written down in
    std::vector<Place> places_;
};

}  // namespace glissade::cuda
