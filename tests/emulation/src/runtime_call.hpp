// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mutex>

#include "machine.hpp"

namespace glissade::emulation {

enum class CallKind {
    query,    // works without a usable device
    device,   // needs one
    release,  // releases something, whatever it returns
};

// One runtime call: takes the lock, writes the log, makes the call fail that the test chose, and notes the error as the thread's last.
template <typename Body>
cudaError_t runtime_call(const char* name, CallKind kind, std::size_t bytes, Body body) {
    Machine& all = machine();
    const std::lock_guard<std::recursive_mutex> lock(all.mutex);
    const std::size_t index = all.calls.size();
    all.calls.push_back({name, bytes, cudaSuccess});

    cudaError_t refused = cudaSuccess;
    if (kind != CallKind::query) {
        if (all.card.driver_version / 1000 < CUDART_VERSION / 1000)
            refused = cudaErrorInsufficientDriver;
        else if (all.device_count == 0)
            refused = cudaErrorNoDevice;
        else if (all.device_error != cudaSuccess)
            refused = all.device_error;
    }
    if (all.this_call_fails()) {
        refused = all.failure;
        all.graphs.invalidate_captures();  // they lack what this call would have done
    }
    cudaError_t result = refused;
    if (refused == cudaSuccess || kind == CallKind::release) {
        const cudaError_t own = body(all);
        if (refused == cudaSuccess) result = own;
    }
    all.calls[index].result = result;
    if (result != cudaSuccess && result != cudaErrorNotReady) last_error() = result;
    return result;
}

}  // namespace glissade::emulation
