// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "host/cuda/plan.hpp"
#include "host/cuda/stream.hpp"

namespace glissade::cuda {

/// Some steps of a run, from one place of parameters and state to another, which may be the same. Pointers are to device memory.
struct DeviceLeg {
    std::int64_t first_step = 0, steps = 0;
    const float* parameters_in = nullptr;  ///< [members][parameters of one]
    const float* state_in = nullptr;       ///< [state vectors][members][parameters of one]
    float *parameters_out = nullptr, *state_out = nullptr;
    const EpochOrder* orders = nullptr;          ///< of every epoch that the steps touch
    const float* scalars = nullptr;              ///< [steps][members][scalars of a member]
    float* loss_sums = nullptr;                  ///< [steps][members]
    kernels::SegmentOutcome* outcome = nullptr;  ///< [teams()]
};

/// One way to run the steps of a problem on a card. Made, it is a plan and holds no device memory; allocate() makes it ready.
class StepRunner {
public:
    virtual ~StepRunner() = default;

    /// Device memory that the steps work in besides rows, parameters, state and tables, in bytes.
    virtual std::int64_t work_bytes() const = 0;
    /// Takes that memory. `records`: [rows][record_floats] of shape_of(problem), filled in before the first leg.
    virtual void allocate(const float* records) = 0;
    /// Makes what legs that write where `leg` does go by, so that queue() takes no memory. Of `leg` the steps do not count.
    virtual void prepare(const DeviceLeg& leg) { (void)leg; }
    /// Queues a leg. Nothing that `leg` points to is looked at before it runs.
    virtual void queue(const DeviceLeg& leg, const Stream& stream) = 0;
    /// Teams that know nothing of each other; each reports its own outcome.
    virtual int teams() const { return 1; }
    /// Of a network which one this is.
    virtual NetworkFamily network_family() const { return NetworkFamily::faster; }

    /// What runs, what it expects, and what came second: the middle of a sentence.
    virtual std::string description() const = 0;
    virtual StepPrediction predict() const = 0;

    /// What another family would take: the end of a sentence; empty if there is none.
    const std::string& other_family() const { return other_family_; }
    void note_other_family(std::string text) { other_family_ = std::move(text); }

private:
    std::string other_family_;
};

/// "steps 5 to 9", as errors name them.
std::string steps_from(std::int64_t step, std::int64_t steps);

/// The fastest way that the card, the limits and the wishes leave. What `problem` points to must outlive it. Throws Error(device) if there
/// is none.
std::unique_ptr<StepRunner> plan_steps(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                       const PlanWishes& wishes);

}  // namespace glissade::cuda
