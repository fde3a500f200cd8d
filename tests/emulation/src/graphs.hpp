// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "emulated/types.hpp"
#include "random.hpp"

namespace glissade::emulation {

enum class NodeKind { kernel, copy, memset, host_function };

// An operation of a graph, or of a stream that may be about to become one. Run as often as its graph is launched.
struct GraphNode {
    NodeKind kind = NodeKind::kernel;
    const void* function = nullptr;  // the kernel
    std::function<void()> run;
    std::set<std::size_t> after;  // places of earlier nodes
};

// Streams that write a graph instead of doing what they are asked.
struct Capture {
    const CUstream_st* origin = nullptr;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::thread::id thread;
    bool is_invalid = false;
    std::vector<GraphNode> nodes;

    // Whether every node of `these` comes before or among `those`.
    bool precede(const std::set<std::size_t>& these, const std::set<std::size_t>& those) const;
};

struct Recording;
class Machine;

}  // namespace glissade::emulation

struct CUgraph_st {
    std::vector<glissade::emulation::GraphNode> nodes;
};

struct CUgraphExec_st {
    std::vector<glissade::emulation::GraphNode> nodes;
    std::shared_ptr<glissade::emulation::Recording> last_launch;
};

namespace glissade::emulation {

// Graphs, their instances and the captures under way.
class Graphs {
public:
    cudaGraph_t create(std::vector<GraphNode> nodes);
    CUgraph_st* find(cudaGraph_t handle) const;
    void destroy(cudaGraph_t handle);
    cudaGraphExec_t instantiate(const CUgraph_st& graph);
    CUgraphExec_st* find(cudaGraphExec_t handle) const;
    void destroy(cudaGraphExec_t handle);
    void clear();

    std::shared_ptr<Capture> begin_capture(const CUstream_st& origin, cudaStreamCaptureMode mode);
    void end_capture(const Capture& capture);
    void invalidate_captures();
    bool is_capturing() const { return !captures_.empty(); }
    // An unsafe call, as CUDA names those that a capture would miss: refused, and the captures that forbid it are lost.
    cudaError_t refuse_unsafe();

    std::size_t graph_count() const { return graphs_.size(); }
    std::size_t instance_count() const { return instances_.size(); }
    std::size_t capture_count() const { return captures_.size(); }

private:
    std::vector<std::unique_ptr<CUgraph_st>> graphs_;
    std::vector<std::unique_ptr<CUgraphExec_st>> instances_;
    std::vector<std::shared_ptr<Capture>> captures_;
};

// A legal order of the nodes, drawn.
std::vector<std::size_t> draw_order(const std::vector<GraphNode>& nodes, Random& random);

// Whether a stream may be asked for something now, for all that captures forbid.
cudaError_t may_ask(Machine& all, CUstream_st& stream);
// Queues an operation, or writes it into the graph that the stream captures. Returns its number in the queue; 0 if captured.
std::uint64_t ask(Machine& all, CUstream_st& stream, GraphNode operation);

}  // namespace glissade::emulation
