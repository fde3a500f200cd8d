// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "emulated/types.hpp"
#include "graphs.hpp"
#include "random.hpp"

namespace glissade::emulation {

// One recording of an event.
struct Recording {
    bool done = false;
    std::chrono::steady_clock::time_point when;
    // Of an event recorded in a stream that captures: marks these nodes, and is never done.
    bool is_captured = false;
    std::weak_ptr<Capture> capture;
    std::set<std::size_t> nodes;
};

struct Operation {
    std::uint64_t number = 0;  // in the order in which the program asked for them
    std::function<void()> run;
    std::shared_ptr<Recording> waits_for;
};

}  // namespace glissade::emulation

struct CUstream_st {
    bool blocking = false;  // orders itself with the default stream
    std::deque<glissade::emulation::Operation> queue;
    std::shared_ptr<glissade::emulation::Capture> capture;  // what is asked for becomes nodes of a graph
    std::set<std::size_t> last_nodes;                       // after which the next one comes
};

struct CUevent_st {
    bool timing = true;
    std::shared_ptr<glissade::emulation::Recording> last;
};

namespace glissade::emulation {

// The queues of all streams. Nothing runs when it is asked for: operations run when somebody waits, one at a time, in any order that
// CUDA allows, drawn by the seed.
class Streams {
public:
    using Executor = std::function<void(const Operation&)>;

    Streams() : default_stream_(std::make_unique<CUstream_st>()) { default_stream_->blocking = true; }

    cudaStream_t create(bool blocking);
    // The stream behind a handle (null is the default stream), or nothing if the handle is not one.
    CUstream_st* find(cudaStream_t handle);
    const CUstream_st& default_stream() const { return *default_stream_; }
    void destroy(cudaStream_t handle);
    cudaEvent_t create_event(bool timing);
    CUevent_st* find(cudaEvent_t handle);
    void destroy(cudaEvent_t handle);
    void clear();

    // Returns the operation's number.
    std::uint64_t push(CUstream_st& stream, std::function<void()> run, std::shared_ptr<Recording> waits_for = nullptr);
    // Runs one operation that may run now; false if none may.
    bool run_one(Random& random, const Executor& execute);
    bool is_empty() const;
    bool has_run(const CUstream_st& stream, std::uint64_t number) const;

    // Invalidates the captures of blocking streams; true if there were any.
    bool invalidate_blocking_captures();
    // Whether what other streams captured beside `origin` comes before its last nodes.
    bool all_joined(const CUstream_st& origin) const;
    void leave_capture(const Capture& capture);

    std::size_t stream_count() const { return streams_.size(); }
    std::size_t event_count() const { return events_.size(); }

private:
    bool may_run(const CUstream_st& stream) const;

    std::unique_ptr<CUstream_st> default_stream_;
    std::vector<std::unique_ptr<CUstream_st>> streams_;
    std::vector<std::unique_ptr<CUevent_st>> events_;
    std::uint64_t next_number_ = 1;
};

}  // namespace glissade::emulation
