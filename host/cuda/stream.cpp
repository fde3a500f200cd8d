// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/stream.hpp"

namespace glissade::cuda {

DeviceScope::DeviceScope(int ordinal) {
    check(cudaGetDevice(&before_), "cudaGetDevice", "the device in use");
    check(cudaSetDevice(ordinal), "cudaSetDevice", "device " + std::to_string(ordinal));
}
DeviceScope::~DeviceScope() {
    (void)cudaSetDevice(before_);
}

Stream::Stream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags", "a stream for training");
}
Stream::~Stream() {
    if (!stream_) return;
    (void)cudaStreamSynchronize(stream_);
    (void)cudaStreamDestroy(stream_);
}

void Stream::synchronize(const std::string& subject) const {
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize", subject);
}

void Stream::wait_for(void* other) const {
    Event reached;
    reached.record(static_cast<cudaStream_t>(other));
    check(cudaStreamWaitEvent(stream_, reached.get(), 0), "cudaStreamWaitEvent", "work on the rows that the program has queued");
}

void Stream::copy_bytes(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind kind, const std::string& subject) const {
    if (bytes == 0) return;
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_), "cudaMemcpyAsync", in_bytes(bytes) + ", " + subject);
}

Event::Event() {
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags", "an event for staging");
}
Event::~Event() {
    if (event_) (void)cudaEventDestroy(event_);
}
void Event::record(cudaStream_t stream) {
    check(cudaEventRecord(event_, stream), "cudaEventRecord", "end of queued work");
}
void Event::wait() const {
    check(cudaEventSynchronize(event_), "cudaEventSynchronize", "a staged copy");
}

}  // namespace glissade::cuda
