// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host/cuda/judge.hpp"
#include "host/cuda/plan.hpp"
#include "host/cuda/run_budget.hpp"
#include "host/cuda/scorer.hpp"
#include "host/cuda/step_runner.hpp"

namespace glissade::cuda {

/// Training on one card: rows as records in device memory, steps by a StepRunner, parameters and state in three slots: the live one, the
/// one before it, and one that the segment under way behind the live one's successor writes. A segment reads one slot and writes another,
/// so that rolling back costs nothing and the next one is set off before the report of the last is read. What the host reads meanwhile, and
/// what it judges, goes by a stream of its own. Everything is allocated by the constructor; the null stream is never used.
class CudaBackend final : public Backend<float> {
public:
    /// The card must be the current device.
    CudaBackend(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes);

    void set_state(const TrainingState<float>& state) override;
    TrainingState<float> get_state() override;
    SegmentReport run(const Segment<float>& segment) override;
    std::int64_t most_started_steps() const override { return budget_.table_steps; }
    void start(const Segment<float>& segment) override;
    SegmentReport wait() override;
    void discard() override;
    /// Rows stay where they are and a network keeps its family; the rest is planned and allocated anew. Throws Error(memory), and nothing
    /// has changed, if the new plan does not fit what there is.
    bool keep_members(const Problem<float>& problem) override;
    void roll_back() override;
    using Backend<float>::score;
    void score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) override;
    bool judge(const float* parameters, JudgedSums& out) override;
    std::string description() const override;
    StepPrediction predict_step() override { return runner_->predict(); }
    NetworkFamily network_family() const override { return runner_->network_family(); }

    const StepRunner& runner() const { return *runner_; }

private:
    void upload_rows();
    void allocate_members();
    void release_members();
    /// Some steps as one launch: from which slot to which, by which of the two tables.
    struct Leg {
        std::int64_t step = 0, steps = 0;  ///< the first counts from 0 within the run
        int from = 0, to = 0, table = 0;
    };
    void launch(const Leg& leg, const float* scalars);
    DeviceLeg on_device(const Leg& leg) const;
    void queue(const Leg& leg);
    void collect(const Leg& leg, SegmentReport& report);
    kernels::SegmentOutcome first_end(int table) const;
    void run_again(const Segment<float>& segment, std::int64_t steps);
    int free_slot();
    std::int64_t parameters() const { return problem_.members * problem_.parameter_count(); }
    std::int64_t slot_floats() const { return (1 + problem_.state_vectors()) * parameters(); }
    float* slot_parameters(int slot) const { return state_.data() + slot * slot_stride(problem_); }
    float* slot_state(int slot) const { return slot_parameters(slot) + parameters(); }

    Card card_;
    Problem<float> problem_;
    kernels::LinearShape record_shape_;  ///< of which only what a record holds counts
    BackendLimits limits_;
    PlanWishes wishes_;
    std::unique_ptr<StepRunner> runner_;
    RunBudget run_budget_;
    MemoryBudget budget_;
    DeviceBuffer<float> records_, state_;
    DeviceBuffer<float> scalars_, losses_;
    DeviceBuffer<EpochOrder> orders_;
    DeviceBuffer<kernels::SegmentOutcome> outcome_;
    PinnedBuffer<float> host_state_;
    /// The host's end of the tables: they take turns, so that one is filled while the other's launch is under way.
    struct HostTable {
        PinnedBuffer<float> scalars, losses;
        PinnedBuffer<EpochOrder> orders;
        PinnedBuffer<kernels::SegmentOutcome> outcome;
        Event done;
    };
    std::array<HostTable, 2> tables_;
    Stream side_;  ///< state, scores and validation; waited for before the buffers above go
    std::unique_ptr<Scorer> scorer_;
    std::unique_ptr<Judge> judge_;  ///< null without validation rows
    static constexpr int slots = state_slots;
    int live_ = 0, before_ = 0;  ///< slots: after the last segment that was waited for, and before it
    bool can_roll_back_ = false;
    std::deque<Leg> under_way_;  ///< two at most
    int next_table_ = 0;
    std::vector<double> loss_sums_;
    Stream stream_;  ///< last: it is destroyed, and so waited for, before the buffers that its work uses
};

/// make_cuda_backend with wishes.
std::unique_ptr<CudaBackend> make_cuda_backend_with(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes);

}  // namespace glissade::cuda
