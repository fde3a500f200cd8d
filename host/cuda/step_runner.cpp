// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/step_runner.hpp"

#include "host/cuda/linear_segments.hpp"
#include "host/cuda/network_steps.hpp"

namespace glissade::cuda {

std::string steps_from(std::int64_t step, std::int64_t steps) {
    return "steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps);
}

std::unique_ptr<StepRunner> plan_steps(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                       const PlanWishes& wishes) {
    if (problem.is_network()) return std::make_unique<NetworkSteps>(problem, card, limits);
    return std::make_unique<LinearSegments>(problem, card, limits, wishes);
}

}  // namespace glissade::cuda
