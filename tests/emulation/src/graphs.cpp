// SPDX-License-Identifier: Apache-2.0
#include "graphs.hpp"

#include <algorithm>
#include <utility>

#include "machine.hpp"

namespace glissade::emulation {
namespace {

template <typename Owner, typename Handle>
auto place_of(Owner& owner, Handle handle) {
    return std::find_if(owner.begin(), owner.end(), [&](const auto& each) { return each.get() == handle; });
}

template <typename Owner, typename Handle>
Handle found_in(Owner& owner, Handle handle) {
    return place_of(owner, handle) == owner.end() ? nullptr : handle;
}

}  // namespace

bool Capture::precede(const std::set<std::size_t>& these, const std::set<std::size_t>& those) const {
    std::set<std::size_t> before = those;
    // Nodes come after earlier ones only, so one pass from the last to the first meets all.
    for (std::size_t i = nodes.size(); i-- > 0;) {
        if (before.contains(i)) before.insert(nodes[i].after.begin(), nodes[i].after.end());
    }
    return std::includes(before.begin(), before.end(), these.begin(), these.end());
}

cudaGraph_t Graphs::create(std::vector<GraphNode> nodes) {
    graphs_.push_back(std::make_unique<CUgraph_st>());
    graphs_.back()->nodes = std::move(nodes);
    return graphs_.back().get();
}

CUgraph_st* Graphs::find(cudaGraph_t handle) const {
    return found_in(graphs_, handle);
}

void Graphs::destroy(cudaGraph_t handle) {
    graphs_.erase(place_of(graphs_, handle));
}

cudaGraphExec_t Graphs::instantiate(const CUgraph_st& graph) {
    instances_.push_back(std::make_unique<CUgraphExec_st>());
    instances_.back()->nodes = graph.nodes;
    return instances_.back().get();
}

CUgraphExec_st* Graphs::find(cudaGraphExec_t handle) const {
    return found_in(instances_, handle);
}

void Graphs::destroy(cudaGraphExec_t handle) {
    instances_.erase(place_of(instances_, handle));
}

void Graphs::clear() {
    graphs_.clear();
    instances_.clear();
    captures_.clear();
}

std::shared_ptr<Capture> Graphs::begin_capture(const CUstream_st& origin, cudaStreamCaptureMode mode) {
    const auto capture = std::make_shared<Capture>();
    capture->origin = &origin;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    captures_.push_back(capture);
    return capture;
}

void Graphs::end_capture(const Capture& capture) {
    captures_.erase(place_of(captures_, &capture));
}

void Graphs::invalidate_captures() {
    for (const auto& capture : captures_) capture->is_invalid = true;
}

cudaError_t Graphs::refuse_unsafe() {
    cudaError_t refused = cudaSuccess;
    for (const auto& capture : captures_) {
        const bool is_own = capture->thread == std::this_thread::get_id() && capture->mode != cudaStreamCaptureModeRelaxed;
        if (!is_own && capture->mode != cudaStreamCaptureModeGlobal) continue;
        capture->is_invalid = true;
        refused = cudaErrorStreamCaptureUnsupported;
    }
    return refused;
}

std::vector<std::size_t> draw_order(const std::vector<GraphNode>& nodes, Random& random) {
    std::vector<std::size_t> order;
    std::vector<std::size_t> left(nodes.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
    while (!left.empty()) {
        std::vector<std::size_t> ready;
        for (std::size_t i = 0; i < left.size(); ++i) {
            const auto& after = nodes[left[i]].after;
            const bool waits = std::any_of(left.begin(), left.end(), [&](std::size_t other) { return after.contains(other); });
            if (!waits) ready.push_back(i);
        }
        const std::size_t chosen = ready[random.below(ready.size())];
        order.push_back(left[chosen]);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    return order;
}

cudaError_t may_ask(Machine& all, CUstream_st& stream) {
    if (stream.capture != nullptr) return stream.capture->is_invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    // The default stream is ordered with blocking streams, which a graph could not keep.
    if (&stream == &all.streams.default_stream() && all.streams.invalidate_blocking_captures()) return cudaErrorStreamCaptureImplicit;
    return cudaSuccess;
}

std::uint64_t ask(Machine& all, CUstream_st& stream, GraphNode operation) {
    if (stream.capture == nullptr) return all.streams.push(stream, std::move(operation.run));
    std::vector<GraphNode>& nodes = stream.capture->nodes;
    operation.after = std::exchange(stream.last_nodes, {nodes.size()});
    nodes.push_back(std::move(operation));
    return 0;
}

}  // namespace glissade::emulation
