// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/step_runner.hpp"

#include <cstdio>

#include "glissade/error.hpp"
#include "host/cuda/network_steps.hpp"
#include "host/cuda/segment_steps.hpp"

namespace glissade::cuda {

namespace {

/// Null where no segment kernel takes the network.
std::unique_ptr<StepRunner> network_segments(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                             const PlanWishes& wishes) {
    if (problem.layers().size() > kernels::SegmentNetworkParams::most_layers) return nullptr;
    try {
        return std::make_unique<SegmentSteps>(problem, card, limits, wishes);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::device || wishes.network == NetworkFamily::segments) throw;
        return nullptr;
    }
}

/// The faster one of the two families, as predicted.
std::unique_ptr<StepRunner> plan_network(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                         const PlanWishes& wishes) {
    const bool rounds = problem.matmul_precision != MatmulPrecision::float32;
    if (rounds && card.facts.compute_major < 8)
        fail(ErrorKind::device, "precision tf32 and bfloat16 need compute capability 8.0, CUDA device " +
                                    std::to_string(card.facts.ordinal) + " (" + card.facts.name + ") has " +
                                    std::to_string(card.facts.compute_major) + "." + std::to_string(card.facts.compute_minor) +
                                    ": take float32");
    if (wishes.network == NetworkFamily::graph || rounds) return std::make_unique<NetworkSteps>(problem, card, limits);
    std::unique_ptr<StepRunner> segments = network_segments(problem, card, limits, wishes);
    if (wishes.network == NetworkFamily::segments) {
        if (segments) return segments;
        fail(ErrorKind::device,
             "networks of more than " + std::to_string(kernels::SegmentNetworkParams::most_layers) + " layers have no segment kernel");
    }
    auto graph = std::make_unique<NetworkSteps>(problem, card, limits);
    if (!segments) return graph;
    char text[64];
    const bool takes_segments = segments->predict().seconds <= graph->predict().seconds;
    std::snprintf(text, sizeof text, "a %s would take %.3g us a step", takes_segments ? "graph of matrix products" : "segment kernel",
                  (takes_segments ? graph->predict() : segments->predict()).seconds * 1e6);
    std::unique_ptr<StepRunner> taken = takes_segments ? std::move(segments) : std::move(graph);
    taken->note_other_family(text);
    return taken;
}

}  // namespace

std::string steps_from(std::int64_t step, std::int64_t steps) {
    return "steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps);
}

std::unique_ptr<StepRunner> plan_steps(const Problem<float>& problem, const Card& card, const BackendLimits& limits,
                                       const PlanWishes& wishes) {
    if (problem.is_network()) return plan_network(problem, card, limits, wishes);
    return std::make_unique<SegmentSteps>(problem, card, limits, wishes);
}

}  // namespace glissade::cuda
