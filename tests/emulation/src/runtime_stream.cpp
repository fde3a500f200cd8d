// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include "runtime_call.hpp"

namespace {

using glissade::emulation::ask;
using glissade::emulation::CallKind;
using glissade::emulation::Machine;
using glissade::emulation::may_ask;
using glissade::emulation::NodeKind;
using glissade::emulation::Recording;
using glissade::emulation::runtime_call;

// Waiting for a stream, or asking how far it is, while it captures.
cudaError_t may_wait(Machine& all, CUstream_st& stream) {
    if (const cudaError_t error = may_ask(all, stream); error != cudaSuccess) return error;
    if (stream.capture == nullptr) return cudaSuccess;
    stream.capture->is_invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

// A stream that waits for an event of a capture joins it.
cudaError_t wait_in_capture(Machine& all, CUstream_st& stream, const Recording& recording) {
    const auto capture = recording.capture.lock();
    if (!recording.is_captured) {
        stream.capture->is_invalid = true;
        return cudaErrorStreamCaptureIsolation;
    }
    if (capture == nullptr) return cudaErrorCapturedEvent;
    if (&stream == &all.streams.default_stream()) {
        capture->is_invalid = true;
        return cudaErrorStreamCaptureImplicit;
    }
    if (stream.capture != nullptr && stream.capture != capture) {
        stream.capture->is_invalid = capture->is_invalid = true;
        return cudaErrorStreamCaptureMerge;
    }
    stream.capture = capture;
    stream.last_nodes.insert(recording.nodes.begin(), recording.nodes.end());
    return cudaSuccess;
}

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
        if (const auto capture = queue->capture) {
            capture->is_invalid = true;
            if (capture->origin == queue) {
                all.streams.leave_capture(*capture);
                all.graphs.end_capture(*capture);
            }
        }
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
        if (const cudaError_t error = may_wait(all, *queue); error != cudaSuccess) return error;
        all.run_until([&] { return queue->queue.empty(); });
        all.check_guards();
        return all.device_error;
    });
}

cudaError_t cudaDeviceSynchronize() {
    return runtime_call("cudaDeviceSynchronize", CallKind::device, 0, [&](Machine& all) {
        if (all.graphs.is_capturing()) {
            all.graphs.invalidate_captures();
            return cudaErrorStreamCaptureUnsupported;
        }
        all.run_everything();
        all.check_guards();
        return all.device_error;
    });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return runtime_call("cudaStreamQuery", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = may_wait(all, *queue); error != cudaSuccess) return error;
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
        if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
        if (found->last == nullptr) return cudaSuccess;
        if (queue->capture != nullptr || found->last->is_captured) return wait_in_capture(all, *queue, *found->last);
        all.streams.push(*queue, nullptr, found->last);
        return cudaSuccess;
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* user_data) {
    return runtime_call("cudaLaunchHostFunc", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
        const auto call = [&all, function, user_data] {
            all.memory.close();
            function(user_data);
            all.memory.open();
        };
        ask(all, *queue, {NodeKind::host_function, nullptr, call, {}});
        return cudaSuccess;
    });
}
