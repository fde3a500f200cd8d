// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/cuda/check.hpp"

namespace glissade::cuda {

/// Makes a device the calling thread's current one; the one before comes back at the end.
class DeviceScope {
public:
    explicit DeviceScope(int ordinal);
    DeviceScope(const DeviceScope&) = delete;
    DeviceScope& operator=(const DeviceScope&) = delete;
    ~DeviceScope();

private:
    int before_ = 0;
};

/// A stream of its own, independent of the null stream, on the device that is current when it is made.
class Stream {
public:
    Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();  ///< waits for what is still queued, so that buffers outlive their use

    cudaStream_t get() const { return stream_; }
    /// Returns when everything queued so far is done; reports its errors under the name `subject`.
    void synchronize(const std::string& subject) const;
    /// What is queued from here on begins when everything that `other` (a cudaStream_t of the same device) has queued so far is done.
    void wait_for(void* other) const;
    /// `count` values; from or to pinned memory the copy runs beside the host.
    template <class T>
    void copy(T* to, const T* from, std::int64_t count, cudaMemcpyKind kind, const std::string& subject) const {
        copy_bytes(to, from, count * static_cast<std::int64_t>(sizeof(T)), kind, subject);
    }

private:
    void copy_bytes(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind kind, const std::string& subject) const;
    cudaStream_t stream_ = nullptr;
};

/// A mark in a stream that the host can wait for. Before its first record waiting returns at once.
class Event {
public:
    Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event();
    void record(const Stream& stream) { record(stream.get()); }
    void record(cudaStream_t stream);
    void wait() const;
    cudaEvent_t get() const { return event_; }

private:
    cudaEvent_t event_ = nullptr;
};

}  // namespace glissade::cuda
