// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "host/cuda/stream.hpp"

namespace glissade::cuda {

/// Work that a stream would do, kept in order to be done many times with one call each.
class StepGraph {
public:
    StepGraph() = default;
    /// Keeps what `queue()` queues in the stream, which does nothing meanwhile.
    template <class Queue>
    StepGraph(const Stream& stream, const Queue& queue) {
        begin(stream);
        try {
            queue();
        } catch (...) {
            drop(stream);
            throw;
        }
        end(stream);
    }
    StepGraph(StepGraph&& other) noexcept : instance_(std::exchange(other.instance_, nullptr)) {}
    StepGraph& operator=(StepGraph&& other) noexcept {
        std::swap(instance_, other.instance_);
        return *this;
    }
    ~StepGraph();

    explicit operator bool() const { return instance_ != nullptr; }
    void launch(const Stream& stream) const;

private:
    static void begin(const Stream& stream);
    static void drop(const Stream& stream) noexcept;
    void end(const Stream& stream);
    cudaGraphExec_t instance_ = nullptr;
};

}  // namespace glissade::cuda
