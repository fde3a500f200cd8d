// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include "runtime_call.hpp"

namespace {

using glissade::emulation::CallKind;
using glissade::emulation::Machine;
using glissade::emulation::runtime_call;

}  // namespace

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
    return runtime_call("cudaStreamCreateWithFlags", CallKind::device, 0, [&](Machine& all) {
        if (flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
        *stream = all.streams.create(flags == cudaStreamDefault);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return runtime_call("cudaStreamDestroy", CallKind::release, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (stream == nullptr || queue == nullptr) return cudaErrorInvalidResourceHandle;
        // The work that it holds is still done.
        all.run_until([&] { return queue->queue.empty(); });
        all.streams.destroy(stream);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return runtime_call("cudaStreamSynchronize", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        all.run_until([&] { return queue->queue.empty(); });
        all.check_guards();
        return all.device_error;
    });
}

cudaError_t cudaDeviceSynchronize() {
    return runtime_call("cudaDeviceSynchronize", CallKind::device, 0, [&](Machine& all) {
        all.run_everything();
        all.check_guards();
        return all.device_error;
    });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return runtime_call("cudaStreamQuery", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (!queue->queue.empty()) all.make_a_step();
        if (all.device_error != cudaSuccess) return all.device_error;
        return queue->queue.empty() ? cudaSuccess : cudaErrorNotReady;
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    return runtime_call("cudaStreamWaitEvent", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        CUevent_st* const found = all.streams.find(event);
        if (queue == nullptr || found == nullptr) return cudaErrorInvalidResourceHandle;
        if (found->last != nullptr) all.streams.push(*queue, nullptr, found->last);
        return cudaSuccess;
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* user_data) {
    return runtime_call("cudaLaunchHostFunc", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        all.streams.push(*queue, [&all, function, user_data] {
            all.memory.close();
            function(user_data);
            all.memory.open();
        });
        return cudaSuccess;
    });
}
