// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>

#include "host/cuda/stream.hpp"

namespace glissade::cuda {

/// Launches that were written down once and are replayed as a whole. Memory is named when they are written down.
class Graph {
public:
    /// Writes down what `queue` queues in `stream` and in streams that it joins to it. Throws Error(device or memory), also if the driver
    /// refuses; the streams can be used again.
    Graph(const Stream& stream, const std::function<void()>& queue, const std::string& subject);
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
    ~Graph();

    void launch(const Stream& stream, const std::string& subject) const;

private:
    cudaGraphExec_t instance_ = nullptr;
};

}  // namespace glissade::cuda
