// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/step_runner.hpp"

#include <cstdio>
#include <utility>

#include "glissade/error.hpp"
#include "host/cuda/network_steps.hpp"
#include "host/cuda/segment_steps.hpp"

namespace glissade::cuda {

namespace {

/// Null, and the reason, where the card has no room for blocks that hold a network.
std::unique_ptr<SegmentSteps> segments_that_fit(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                                const PlanWishes& wishes, std::string& why_not) {
    try {
        return std::make_unique<SegmentSteps>(problem, card, limits, wishes);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::device) throw;
        why_not = error.what();
        return nullptr;
    }
}

std::string time_of_step(const char* what, const StepRunner& runner) {
    char text[80];
    std::snprintf(text, sizeof text, "; %s would take %.3g us", what, runner.predict().seconds * 1e6);
    return text;
}

}  // namespace

std::string steps_from(std::int64_t step, std::int64_t steps) {
    return "steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps);
}

std::unique_ptr<StepRunner> plan_steps(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                       const PlanWishes& wishes) {
    if (!problem.is_network() || wishes.of_segments()) return std::make_unique<SegmentSteps>(problem, card, limits, wishes);
    auto graph = std::make_unique<NetworkSteps>(problem, card, limits);
    if (wishes.graph) return graph;
    std::string why_not;
    std::unique_ptr<SegmentSteps> segments = segments_that_fit(problem, card, limits, wishes, why_not);
    if (!segments) {
        graph->set_runner_up("; no segment kernel: " + why_not);
        return graph;
    }
    if (segments->predict().seconds <= graph->predict().seconds) {
        segments->set_runner_up(time_of_step("a graph of launches", *graph));
        return segments;
    }
    graph->set_runner_up(time_of_step("a segment kernel", *segments));
    return graph;
}

}  // namespace glissade::cuda
