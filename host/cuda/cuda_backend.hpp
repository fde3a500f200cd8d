// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/cuda/plan.hpp"
#include "host/cuda/scorer.hpp"

namespace glissade::cuda {

/// Training on one card: rows as records in device memory, parameters and state in two slots of which one is live. A segment reads the live
/// slot and writes the other, so that rolling back costs nothing. Everything is allocated by the constructor; the null stream is never
/// used.
class CudaBackend final : public Backend<float> {
public:
    /// The card must be the current device.
    CudaBackend(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes);

    void set_state(const TrainingState<float>& state) override;
    TrainingState<float> get_state() override;
    SegmentReport run(const Segment<float>& segment) override;
    /// Rows stay where they are; the rest is planned and allocated anew.
    bool keep_members(const Problem<float>& problem) override;
    void roll_back() override;
    using Backend<float>::score;
    void score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) override;
    std::string description() const override;
    StepPrediction predict_step() override { return {plan_.step_seconds, plan_.fetch_seconds, plan_.bound_by}; }

    const SegmentPlan& plan() const { return plan_; }

private:
    Scorer::Shape scorer_shape() const;
    void upload_rows();
    void allocate_members();
    void release_members();
    void launch(const Segment<float>& segment, std::int64_t first, std::int64_t steps, bool begins);
    kernels::SegmentOutcome first_end() const;
    void run_again(const Segment<float>& segment, std::int64_t steps);
    kernels::SegmentLinearParams segment_params() const;
    float* slot_parameters(int slot) const { return state_.data() + slot * slot_floats_; }
    float* slot_state(int slot) const { return slot_parameters(slot) + shape_.parameters(); }

    Card card_;
    Problem<float> problem_;
    kernels::LinearShape shape_;
    BackendLimits limits_;
    PlanWishes wishes_;
    PlanChoice choice_;
    const SegmentPlan& plan_;  ///< the one taken
    MemoryBudget budget_;
    std::int64_t slot_floats_;
    DeviceBuffer<float> records_, state_, exchange_, stack_, block_state_, block_sums_, gradients_;
    DeviceBuffer<float> scalars_, losses_;
    DeviceBuffer<EpochOrder> orders_;
    DeviceBuffer<kernels::SegmentOutcome> outcome_;
    DeviceBuffer<kernels::SegmentSignals> signals_;
    PinnedBuffer<float> host_state_, host_scalars_, host_losses_;
    PinnedBuffer<EpochOrder> host_orders_;
    PinnedBuffer<kernels::SegmentOutcome> host_outcome_;
    std::unique_ptr<Scorer> scorer_;
    int live_ = 0, before_ = 0;  ///< slots: now, and before the last segment
    bool can_roll_back_ = false;
    std::vector<double> loss_sums_;
    Stream stream_;  ///< last: it is destroyed, and so waited for, before the buffers that its work uses
};

/// make_cuda_backend with wishes.
std::unique_ptr<CudaBackend> make_cuda_backend_with(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes);

}  // namespace glissade::cuda
