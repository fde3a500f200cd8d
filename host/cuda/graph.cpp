// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/graph.hpp"

namespace glissade::cuda {

namespace {

struct DestroyGraph {
    cudaGraph_t graph = nullptr;
    DestroyGraph() = default;
    DestroyGraph(const DestroyGraph&) = delete;
    DestroyGraph& operator=(const DestroyGraph&) = delete;
    ~DestroyGraph() {
        if (graph) (void)cudaGraphDestroy(graph);
    }
};

}  // namespace

Graph::Graph(const Stream& stream, const std::function<void()>& queue, const std::string& subject) {
    DestroyGraph written;
    check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture", subject);
    try {
        queue();
    } catch (...) {
        (void)cudaStreamEndCapture(stream.get(), &written.graph);
        (void)cudaGetLastError();  // the first error is the one to report
        throw;
    }
    check(cudaStreamEndCapture(stream.get(), &written.graph), "cudaStreamEndCapture", subject);
    check(cudaGraphInstantiate(&instance_, written.graph, 0), "cudaGraphInstantiate", subject);
}

Graph::~Graph() {
    if (instance_) (void)cudaGraphExecDestroy(instance_);
}

void Graph::launch(const Stream& stream, const std::string& subject) const {
    check(cudaGraphLaunch(instance_, stream.get()), "cudaGraphLaunch", subject);
}

}  // namespace glissade::cuda
