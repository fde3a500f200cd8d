// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>
#include <vector>

#include "runtime_call.hpp"
#include "text.hpp"

namespace {

using glissade::emulation::ask;
using glissade::emulation::CallKind;
using glissade::emulation::Machine;
using glissade::emulation::may_ask;
using glissade::emulation::NodeKind;
using glissade::emulation::runtime_call;
using glissade::emulation::text;

struct Copy {
    void* destination;
    const void* source;
    std::size_t bytes;
    bool from_device;
    bool to_device;
};

// Reports a range that is not where it is said to be, or that leaves its buffer.
bool is_range_valid(Machine& all, const char* call, const void* pointer, std::size_t bytes, bool on_device) {
    if (on_device && all.memory.find(pointer, bytes) != nullptr) return true;
    if (!on_device && !all.memory.owns(pointer) && (all.pinned.holds(pointer, bytes) || !all.pinned.holds(pointer, 0))) return true;
    all.report(text(call, " of ", bytes, on_device ? " device" : " host", " bytes at ", pointer, ": ", all.memory.describe(pointer)));
    return false;
}

void run_copy(Machine& all, const char* call, const Copy& copy) {
    // A buffer may have been released since the copy was asked for.
    if (is_range_valid(all, call, copy.destination, copy.bytes, copy.to_device) &&
        is_range_valid(all, call, copy.source, copy.bytes, copy.from_device)) {
        std::memcpy(copy.destination, copy.source, copy.bytes);
    } else {
        all.device_error = cudaErrorIllegalAddress;
    }
}

cudaError_t queue_copy(Machine& all, const char* call, Copy copy, cudaMemcpyKind kind, cudaStream_t stream, bool wait_for_pinned) {
    CUstream_st* const queue = all.streams.find(stream);
    if (queue == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
    if (copy.bytes == 0) return cudaSuccess;
    copy.from_device = kind == cudaMemcpyDefault ? all.memory.owns(copy.source) : (kind & 2) != 0;
    copy.to_device =
        kind == cudaMemcpyDefault ? all.memory.owns(copy.destination) : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    if (!is_range_valid(all, call, copy.destination, copy.bytes, copy.to_device) ||
        !is_range_valid(all, call, copy.source, copy.bytes, copy.from_device)) {
        return cudaErrorInvalidValue;
    }
    if (queue->capture == nullptr && !copy.from_device && copy.to_device && !all.pinned.holds(copy.source, copy.bytes)) {
        // Pageable memory is read before the call returns and lands in the stream's order.
        const auto* first = static_cast<const std::byte*>(copy.source);
        const auto staged = std::make_shared<std::vector<std::byte>>(first, first + copy.bytes);
        copy.source = staged->data();
        all.streams.push(*queue, [&all, call, copy, staged] { run_copy(all, call, copy); });
        return cudaSuccess;
    }
    const std::uint64_t number = ask(all, *queue, {NodeKind::copy, nullptr, [&all, call, copy] { run_copy(all, call, copy); }, {}});
    if (queue->capture != nullptr) return cudaSuccess;  // read and written whenever the graph runs
    const bool to_pageable = !copy.to_device && !all.pinned.holds(copy.destination, copy.bytes);
    const bool on_device = copy.from_device && copy.to_device;
    if (to_pageable || (wait_for_pinned && !on_device)) {
        all.run_until([&] { return all.streams.has_run(*queue, number); });
        return all.device_error;
    }
    return cudaSuccess;
}

cudaError_t queue_memset(Machine& all, const char* call, void* destination, int value, std::size_t bytes, cudaStream_t stream) {
    CUstream_st* const queue = all.streams.find(stream);
    if (queue == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
    if (bytes == 0) return cudaSuccess;
    if (!is_range_valid(all, call, destination, bytes, true)) return cudaErrorInvalidValue;
    const auto set = [&all, call, destination, value, bytes] {
        if (is_range_valid(all, call, destination, bytes, true))
            std::memset(destination, value, bytes);
        else
            all.device_error = cudaErrorIllegalAddress;
    };
    ask(all, *queue, {NodeKind::memset, nullptr, set, {}});
    return cudaSuccess;
}

}  // namespace

cudaError_t cudaMemcpy(void* destination, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
    return runtime_call("cudaMemcpy", CallKind::device, bytes, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        return queue_copy(all, "cudaMemcpy", {destination, source, bytes, false, false}, kind, nullptr, true);
    });
}

cudaError_t cudaMemcpyAsync(void* destination, const void* source, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    return runtime_call("cudaMemcpyAsync", CallKind::device, bytes, [&](Machine& all) {
        return queue_copy(all, "cudaMemcpyAsync", {destination, source, bytes, false, false}, kind, stream, false);
    });
}

cudaError_t cudaMemset(void* destination, int value, std::size_t bytes) {
    return runtime_call("cudaMemset", CallKind::device, bytes, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        return queue_memset(all, "cudaMemset", destination, value, bytes, nullptr);
    });
}

cudaError_t cudaMemsetAsync(void* destination, int value, std::size_t bytes, cudaStream_t stream) {
    return runtime_call("cudaMemsetAsync", CallKind::device, bytes,
                        [&](Machine& all) { return queue_memset(all, "cudaMemsetAsync", destination, value, bytes, stream); });
}
