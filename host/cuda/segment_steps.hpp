// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "host/cuda/buffers.hpp"
#include "host/cuda/linear_graphs.hpp"
#include "host/cuda/step_runner.hpp"

namespace glissade::cuda {

/// Dense rows by a segment kernel, of the linear family's or of networks: a leg is one launch. Or by Team::graph: some launches a step.
class SegmentSteps final : public StepRunner {
public:
    /// Asks the driver whether the planned blocks fit the card at once. The card must be the current device.
    SegmentSteps(const Problem<float>& problem, const Card& card, const BackendLimits& limits, const PlanWishes& wishes);

    std::int64_t work_bytes() const override;
    void allocate(const float* records) override;
    void prepare(const DeviceLeg& leg) override;
    void queue(const DeviceLeg& leg, const Stream& stream) override;
    int teams() const override { return teams_of(plan_.launch); }
    NetworkFamily network_family() const override { return shape_.is_network() ? NetworkFamily::segments : NetworkFamily::faster; }
    std::string description() const override;
    StepPrediction predict() const override { return {plan_.step_seconds, plan_.fetch_seconds, plan_.bound_by}; }

    const SegmentPlan& plan() const { return plan_; }

private:
    bool is_graph() const { return plan_.launch.team == kernels::Team::graph; }
    kernels::SegmentLinearParams params(const DeviceLeg& leg) const;
    kernels::SegmentNetworkParams network_params(const DeviceLeg& leg) const;

    Problem<float> problem_;
    kernels::LinearShape shape_;
    PlanChoice choice_;
    const SegmentPlan& plan_;  ///< the one taken
    const float* records_ = nullptr;
    DeviceBuffer<float> exchange_, stack_, block_state_, block_sums_, gradients_;
    DeviceBuffer<kernels::SegmentSignals> signals_;
    DeviceBuffer<std::uint64_t> dropout_seeds_;
    DeviceBuffer<std::int32_t> member_sets_;
    std::optional<LinearGraphs> graphs_;  ///< of Team::graph
};

}  // namespace glissade::cuda
