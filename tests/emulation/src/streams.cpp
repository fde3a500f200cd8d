// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <algorithm>

namespace glissade::emulation {
namespace {

template <typename Owner, typename Handle>
auto position(Owner& owner, Handle handle) {
    return std::find_if(owner.begin(), owner.end(), [&](const auto& each) { return each.get() == handle; });
}

}  // namespace

cudaStream_t Streams::create(bool blocking) {
    streams_.push_back(std::make_unique<CUstream_st>());
    streams_.back()->blocking = blocking;
    return streams_.back().get();
}

CUstream_st* Streams::find(cudaStream_t handle) {
    if (handle == nullptr) return default_stream_.get();
    const auto found = position(streams_, handle);
    return found == streams_.end() ? nullptr : found->get();
}

void Streams::destroy(cudaStream_t handle) {
    streams_.erase(position(streams_, handle));
}

cudaEvent_t Streams::create_event(bool timing) {
    events_.push_back(std::make_unique<CUevent_st>());
    events_.back()->timing = timing;
    return events_.back().get();
}

CUevent_st* Streams::find(cudaEvent_t handle) {
    const auto found = position(events_, handle);
    return found == events_.end() ? nullptr : found->get();
}

void Streams::destroy(cudaEvent_t handle) {
    events_.erase(position(events_, handle));
}

void Streams::clear() {
    default_stream_->queue.clear();
    streams_.clear();
    events_.clear();
}

std::uint64_t Streams::push(CUstream_st& stream, std::function<void()> run, std::shared_ptr<Recording> waits_for) {
    stream.queue.push_back({next_number_, std::move(run), std::move(waits_for)});
    return next_number_++;
}

// The default stream waits for what was asked of the blocking streams before, and they for it.
bool Streams::may_run(const CUstream_st& stream) const {
    if (stream.queue.empty()) return false;
    const Operation& first = stream.queue.front();
    if (first.waits_for != nullptr && !first.waits_for->done) return false;
    const auto is_behind = [&](const CUstream_st& other) { return !other.queue.empty() && other.queue.front().number < first.number; };
    if (&stream != default_stream_.get()) return !stream.blocking || !is_behind(*default_stream_);
    return std::none_of(streams_.begin(), streams_.end(), [&](const auto& other) { return other->blocking && is_behind(*other); });
}

bool Streams::run_one(Random& random, const Executor& execute) {
    std::vector<CUstream_st*> candidates;
    if (may_run(*default_stream_)) candidates.push_back(default_stream_.get());
    for (const auto& stream : streams_) {
        if (may_run(*stream)) candidates.push_back(stream.get());
    }
    if (candidates.empty()) return false;
    CUstream_st& stream = *candidates[random.below(candidates.size())];
    const Operation operation = std::move(stream.queue.front());
    stream.queue.pop_front();
    execute(operation);
    return true;
}

bool Streams::invalidate_blocking_captures() {
    bool any = false;
    for (const auto& stream : streams_) {
        if (!stream->blocking || stream->capture == nullptr) continue;
        stream->capture->is_invalid = true;
        any = true;
    }
    return any;
}

bool Streams::all_joined(const CUstream_st& origin) const {
    return std::all_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
        return stream->capture != origin.capture || origin.capture->precede(stream->last_nodes, origin.last_nodes);
    });
}

void Streams::leave_capture(const Capture& capture) {
    for (const auto& stream : streams_) {
        if (stream->capture.get() != &capture) continue;
        stream->capture = nullptr;
        stream->last_nodes.clear();
    }
}

bool Streams::is_empty() const {
    return default_stream_->queue.empty() &&
           std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream->queue.empty(); });
}

bool Streams::has_run(const CUstream_st& stream, std::uint64_t number) const {
    return stream.queue.empty() || stream.queue.front().number > number;
}

}  // namespace glissade::emulation
