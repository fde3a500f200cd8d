// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include <new>

#include "runtime_call.hpp"
#include "text.hpp"

namespace {

using glissade::emulation::CallKind;
using glissade::emulation::current_device;
using glissade::emulation::Machine;
using glissade::emulation::runtime_call;
using glissade::emulation::text;

cudaError_t allocate(Machine& all, void** pointer, std::size_t bytes) {
    *pointer = nullptr;
    if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
    if (bytes == 0) return cudaSuccess;
    if (bytes > all.card.memory_bytes - all.memory.bytes_in_use(current_device())) return cudaErrorMemoryAllocation;
    try {
        *pointer = all.memory.allocate(bytes, current_device());
    } catch (const std::bad_alloc&) {
        return cudaErrorMemoryAllocation;
    }
    return cudaSuccess;
}

// Graphs with allocations of their own are not played.
cudaError_t refuse_memory_node(const CUstream_st& stream) {
    stream.capture->is_invalid = true;
    return cudaErrorNotSupported;
}

// `memory` is the device's or the pinned one.
template <typename Memory>
cudaError_t release(Machine& all, Memory& memory, const char* call, void* pointer) {
    std::vector<std::string> findings;
    if (!memory.release(pointer, findings)) {
        all.report(text(call, " of ", pointer, ", where nothing allocated begins (", all.memory.describe(pointer), ')'));
        return cudaErrorInvalidValue;
    }
    for (const std::string& finding : findings) all.report(text("at ", call, ": ", finding));
    return cudaSuccess;
}

}  // namespace

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
    return runtime_call("cudaMalloc", CallKind::device, bytes, [&](Machine& all) { return allocate(all, pointer, bytes); });
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream) {
    return runtime_call("cudaMallocAsync", CallKind::device, bytes, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        return queue->capture == nullptr ? allocate(all, pointer, bytes) : refuse_memory_node(*queue);
    });
}

cudaError_t cudaFree(void* pointer) {
    return runtime_call("cudaFree", CallKind::release, 0, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        all.run_everything();
        return pointer == nullptr ? cudaSuccess : release(all, all.memory, "cudaFree", pointer);
    });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
    return runtime_call("cudaFreeAsync", CallKind::release, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (queue->capture != nullptr) return refuse_memory_node(*queue);
        if (pointer == nullptr) return cudaSuccess;
        if (all.device_error != cudaSuccess) return release(all, all.memory, "cudaFreeAsync", pointer);
        all.streams.push(*queue, [&all, pointer] { release(all, all.memory, "cudaFreeAsync", pointer); });
        return cudaSuccess;
    });
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned int) {
    return runtime_call("cudaHostAlloc", CallKind::device, bytes, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        *pointer = nullptr;
        try {
            if (bytes > 0) *pointer = all.pinned.allocate(bytes);
        } catch (const std::bad_alloc&) {
            return cudaErrorMemoryAllocation;
        }
        return cudaSuccess;
    });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
    return cudaHostAlloc(pointer, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void* pointer) {
    return runtime_call("cudaFreeHost", CallKind::release, 0, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        all.run_everything();
        return pointer == nullptr ? cudaSuccess : release(all, all.pinned, "cudaFreeHost", pointer);
    });
}

cudaError_t cudaHostRegister(void* pointer, std::size_t bytes, unsigned int) {
    return runtime_call("cudaHostRegister", CallKind::device, bytes, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        if (pointer == nullptr || bytes == 0) return cudaErrorInvalidValue;
        return all.pinned.add_registered(pointer, bytes) ? cudaSuccess : cudaErrorHostMemoryAlreadyRegistered;
    });
}

cudaError_t cudaHostUnregister(void* pointer) {
    return runtime_call("cudaHostUnregister", CallKind::release, 0, [&](Machine& all) {
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        all.run_everything();
        return all.pinned.remove_registered(pointer) ? cudaSuccess : cudaErrorHostMemoryNotRegistered;
    });
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
    return runtime_call("cudaMemGetInfo", CallKind::device, 0, [&](Machine& all) {
        *total_bytes = all.card.memory_bytes;
        *free_bytes = all.card.memory_bytes - all.memory.bytes_in_use(current_device());
        return cudaSuccess;
    });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
    return runtime_call("cudaPointerGetAttributes", CallKind::device, 0, [&](Machine& all) {
        void* const plain = const_cast<void*>(pointer);
        *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, plain};
        if (const auto* region = all.memory.find(pointer, 0))
            *attributes = {cudaMemoryTypeDevice, region->device, plain, nullptr};
        else if (all.pinned.holds(pointer, 0))
            *attributes = {cudaMemoryTypeHost, current_device(), plain, plain};
        return cudaSuccess;
    });
}
