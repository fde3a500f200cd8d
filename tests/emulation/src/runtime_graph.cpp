// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include <algorithm>

#include "runtime_call.hpp"

namespace {

using glissade::emulation::CallKind;
using glissade::emulation::Capture;
using glissade::emulation::GraphNode;
using glissade::emulation::Machine;
using glissade::emulation::may_ask;
using glissade::emulation::NodeKind;
using glissade::emulation::Recording;
using glissade::emulation::runtime_call;

// What is wrong with ending `capture` on `stream`.
cudaError_t check_end(Machine& all, const CUstream_st& stream, const Capture& capture) {
    if (capture.origin != &stream) return cudaErrorStreamCaptureUnmatched;
    if (capture.mode != cudaStreamCaptureModeRelaxed && capture.thread != std::this_thread::get_id())
        return cudaErrorStreamCaptureWrongThread;
    if (capture.is_invalid) return cudaErrorStreamCaptureInvalidated;
    return all.streams.all_joined(stream) ? cudaSuccess : cudaErrorStreamCaptureUnjoined;
}

// A graph launched into a stream that captures becomes part of what is captured.
void add_nodes(CUstream_st& stream, const std::vector<GraphNode>& nodes) {
    std::vector<GraphNode>& all = stream.capture->nodes;
    const std::size_t first = all.size();
    std::set<std::size_t> last;
    for (const GraphNode& node : nodes) {
        GraphNode copy = node;
        copy.after.clear();
        for (const std::size_t before : node.after) {
            copy.after.insert(first + before);
            last.erase(first + before);
        }
        if (node.after.empty()) copy.after = stream.last_nodes;
        last.insert(all.size());
        all.push_back(std::move(copy));
    }
    if (!nodes.empty()) stream.last_nodes = last;
}

// Why nodes cannot take the place of others.
cudaGraphExecUpdateResult compare(const std::vector<GraphNode>& present, const std::vector<GraphNode>& wanted) {
    if (present.size() != wanted.size()) return cudaGraphExecUpdateErrorTopologyChanged;
    for (std::size_t i = 0; i < present.size(); ++i) {
        if (present[i].after != wanted[i].after) return cudaGraphExecUpdateErrorTopologyChanged;
        if (present[i].kind != wanted[i].kind) return cudaGraphExecUpdateErrorNodeTypeChanged;
        if (present[i].function != wanted[i].function) return cudaGraphExecUpdateErrorUnsupportedFunctionChange;
    }
    return cudaGraphExecUpdateSuccess;
}

}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    return runtime_call("cudaStreamBeginCapture", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream == nullptr) return cudaErrorStreamCaptureUnsupported;
        if (queue->capture != nullptr) return cudaErrorIllegalState;
        queue->capture = all.graphs.begin_capture(*queue, mode);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    return runtime_call("cudaStreamEndCapture", CallKind::release, 0, [&](Machine& all) {
        *graph = nullptr;
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        const auto capture = queue->capture;
        if (capture == nullptr) return cudaErrorIllegalState;
        const cudaError_t error = check_end(all, *queue, *capture);
        if (error == cudaErrorStreamCaptureUnmatched || error == cudaErrorStreamCaptureWrongThread) {
            capture->is_invalid = true;
            return error;
        }
        if (error == cudaSuccess) *graph = all.graphs.create(capture->nodes);
        all.streams.leave_capture(*capture);
        all.graphs.end_capture(*capture);
        return error;
    });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    return runtime_call("cudaStreamIsCapturing", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream == nullptr && all.streams.invalidate_blocking_captures()) return cudaErrorStreamCaptureImplicit;
        *status = cudaStreamCaptureStatusNone;
        if (queue->capture != nullptr)
            *status = queue->capture->is_invalid ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    return runtime_call("cudaGraphDestroy", CallKind::release, 0, [&](Machine& all) {
        if (all.graphs.find(graph) == nullptr) return cudaErrorInvalidValue;
        all.graphs.destroy(graph);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
    return runtime_call("cudaGraphGetNodes", CallKind::device, 0, [&](Machine& all) {
        CUgraph_st* const found = all.graphs.find(graph);
        if (found == nullptr) return cudaErrorInvalidValue;
        if (nodes != nullptr) return cudaErrorNotSupported;  // only the count is played
        *count = found->nodes.size();
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* instance, cudaGraph_t graph, unsigned long long flags) {
    return runtime_call("cudaGraphInstantiate", CallKind::device, 0, [&](Machine& all) {
        *instance = nullptr;
        const CUgraph_st* const found = all.graphs.find(graph);
        if (found == nullptr || flags != 0) return cudaErrorInvalidValue;
        *instance = all.graphs.instantiate(*found);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t instance, cudaGraph_t graph, cudaGraphExecUpdateResultInfo* info) {
    return runtime_call("cudaGraphExecUpdate", CallKind::device, 0, [&](Machine& all) {
        CUgraphExec_st* const present = all.graphs.find(instance);
        const CUgraph_st* const wanted = all.graphs.find(graph);
        if (present == nullptr || wanted == nullptr) return cudaErrorInvalidValue;
        *info = {compare(present->nodes, wanted->nodes), nullptr, nullptr};
        if (info->result != cudaGraphExecUpdateSuccess) return cudaErrorGraphExecUpdateFailure;
        present->nodes = wanted->nodes;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t instance) {
    return runtime_call("cudaGraphExecDestroy", CallKind::release, 0, [&](Machine& all) {
        if (all.graphs.find(instance) == nullptr) return cudaErrorInvalidValue;
        all.graphs.destroy(instance);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t instance, cudaStream_t stream) {
    return runtime_call("cudaGraphLaunch", CallKind::device, 0, [&](Machine& all) {
        CUgraphExec_st* const found = all.graphs.find(instance);
        CUstream_st* const queue = all.streams.find(stream);
        if (found == nullptr) return cudaErrorInvalidValue;
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
        if (queue->capture != nullptr) {
            add_nodes(*queue, found->nodes);
            return cudaSuccess;
        }
        // Behind what is in the stream and behind the instance's last launch; other streams may come between any two nodes.
        if (found->last_launch != nullptr) all.streams.push(*queue, nullptr, found->last_launch);
        for (const std::size_t node : draw_order(found->nodes, all.random)) all.streams.push(*queue, found->nodes[node].run);
        const auto done = std::make_shared<Recording>();
        found->last_launch = done;
        all.streams.push(*queue, [done] { done->done = true; });
        return cudaSuccess;
    });
}
