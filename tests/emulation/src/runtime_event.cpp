// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include "runtime_call.hpp"

namespace {

using glissade::emulation::CallKind;
using glissade::emulation::Machine;
using glissade::emulation::may_ask;
using glissade::emulation::Recording;
using glissade::emulation::runtime_call;

// What was recorded in a capture happens whenever the graph runs: nobody can wait for it.
cudaError_t check_not_captured(const std::shared_ptr<Recording>& recording) {
    if (recording == nullptr || !recording->is_captured) return cudaSuccess;
    if (const auto capture = recording->capture.lock()) capture->is_invalid = true;
    return cudaErrorCapturedEvent;
}

}  // namespace

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
    return runtime_call("cudaEventCreateWithFlags", CallKind::device, 0, [&](Machine& all) {
        *event = all.streams.create_event((flags & cudaEventDisableTiming) == 0);
        return cudaSuccess;
    });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return runtime_call("cudaEventDestroy", CallKind::release, 0, [&](Machine& all) {
        if (all.streams.find(event) == nullptr) return cudaErrorInvalidResourceHandle;
        all.streams.destroy(event);
        return cudaSuccess;
    });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return runtime_call("cudaEventRecord", CallKind::device, 0, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(stream);
        CUevent_st* const found = all.streams.find(event);
        if (queue == nullptr || found == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
        const auto recording = std::make_shared<Recording>();
        found->last = recording;
        if (queue->capture != nullptr) {
            recording->is_captured = true;
            recording->capture = queue->capture;
            recording->nodes = queue->last_nodes;
            return cudaSuccess;
        }
        all.streams.push(*queue, [recording] {
            recording->done = true;
            recording->when = std::chrono::steady_clock::now();
        });
        return cudaSuccess;
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    return runtime_call("cudaEventQuery", CallKind::device, 0, [&](Machine& all) {
        CUevent_st* const found = all.streams.find(event);
        if (found == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = check_not_captured(found->last); error != cudaSuccess) return error;
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        if (found->last == nullptr || found->last->done) return cudaSuccess;
        all.make_a_step();
        if (all.device_error != cudaSuccess) return all.device_error;
        return found->last->done ? cudaSuccess : cudaErrorNotReady;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return runtime_call("cudaEventSynchronize", CallKind::device, 0, [&](Machine& all) {
        CUevent_st* const found = all.streams.find(event);
        if (found == nullptr) return cudaErrorInvalidResourceHandle;
        const auto recording = found->last;
        if (const cudaError_t error = check_not_captured(recording); error != cudaSuccess) return error;
        if (const cudaError_t error = all.graphs.refuse_unsafe(); error != cudaSuccess) return error;
        if (recording != nullptr) all.run_until([&] { return recording->done; });
        all.check_guards();
        return all.device_error;
    });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    return runtime_call("cudaEventElapsedTime", CallKind::device, 0, [&](Machine& all) {
        CUevent_st* const first = all.streams.find(start);
        CUevent_st* const second = all.streams.find(end);
        if (first == nullptr || second == nullptr || !first->timing || !second->timing) return cudaErrorInvalidResourceHandle;
        if (first->last == nullptr || second->last == nullptr) return cudaErrorInvalidResourceHandle;
        for (const auto& each : {first->last, second->last}) {
            if (const cudaError_t error = check_not_captured(each); error != cudaSuccess) return error;
        }
        if (!first->last->done || !second->last->done) return cudaErrorNotReady;
        *milliseconds = std::chrono::duration<float, std::milli>(second->last->when - first->last->when).count();
        return cudaSuccess;
    });
}
