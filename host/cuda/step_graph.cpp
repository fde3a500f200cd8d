// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/step_graph.hpp"

namespace glissade::cuda {

namespace {
constexpr const char* subject = "the steps of a run";
}

void StepGraph::begin(const Stream& stream) {
    check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture", subject);
}

void StepGraph::drop(const Stream& stream) noexcept {
    cudaGraph_t graph = nullptr;
    (void)cudaStreamEndCapture(stream.get(), &graph);
    if (graph) (void)cudaGraphDestroy(graph);
    (void)cudaGetLastError();  // so that no later call reports the capture that was given up
}

void StepGraph::end(const Stream& stream) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream.get(), &graph), "cudaStreamEndCapture", subject);
    const cudaError_t status = cudaGraphInstantiate(&instance_, graph, 0);
    (void)cudaGraphDestroy(graph);
    if (status != cudaSuccess) instance_ = nullptr;
    check(status, "cudaGraphInstantiate", subject);
}

StepGraph::~StepGraph() {
    if (instance_) (void)cudaGraphExecDestroy(instance_);
}

void StepGraph::launch(const Stream& stream) const {
    check(cudaGraphLaunch(instance_, stream.get()), "cudaGraphLaunch", subject);
}

}  // namespace glissade::cuda
