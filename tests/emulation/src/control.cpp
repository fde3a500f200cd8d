// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include <algorithm>
#include <utility>

#include "machine.hpp"
#include "sanitizers.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

void set_failure(std::int64_t nth, bool stays, cudaError_t error) {
    const Lock lock(machine().mutex);
    machine().calls_until_failure = nth;
    machine().failure_stays = stays;
    machine().failure = error;
}

}  // namespace

void reset() {
    const Lock lock(machine().mutex);
    machine().reset();
}

void set_card(const Card& card, int count) {
    const Lock lock(machine().mutex);
    machine().card = card;
    machine().device_count = count;
}

void set_card(std::string_view name, int count) {
    set_card(card(name), count);
}

void set_seed(std::uint64_t seed) {
    const Lock lock(machine().mutex);
    machine().random = Random(seed);
}

void fail_call(std::int64_t nth, cudaError_t error) {
    set_failure(nth, false, error);
}

void fail_calls_from(std::int64_t nth, cudaError_t error) {
    set_failure(nth, true, error);
}

const std::vector<Call>& call_log() {
    return machine().calls;
}

std::int64_t count_calls() {
    return static_cast<std::int64_t>(machine().calls.size());
}

std::int64_t count_calls(std::string_view name) {
    const auto& calls = machine().calls;
    return std::count_if(calls.begin(), calls.end(), [&](const Call& call) { return name == call.name; });
}

std::vector<std::string> take_findings() {
    const Lock lock(machine().mutex);
    return std::exchange(machine().findings, {});
}

std::vector<std::string> leaks() {
    const Lock lock(machine().mutex);
    std::vector<std::string> lines;
    for (const auto& [at, region] : machine().memory.live()) {
        lines.push_back(text("device buffer #", region.number, " of ", region.user_bytes, " bytes"));
    }
    for (const auto& [at, region] : machine().pinned.allocated()) {
        lines.push_back(text("pinned buffer #", region.number, " of ", region.user_bytes, " bytes"));
    }
    for (const auto& [at, bytes] : machine().pinned.registered()) lines.push_back(text("registered host memory of ", bytes, " bytes"));
    for (std::size_t i = 0; i < machine().streams.stream_count(); ++i) lines.push_back("stream");
    for (std::size_t i = 0; i < machine().streams.event_count(); ++i) lines.push_back("event");
    for (std::size_t i = 0; i < machine().graphs.graph_count(); ++i) lines.push_back("graph");
    for (std::size_t i = 0; i < machine().graphs.instance_count(); ++i) lines.push_back("instance of a graph");
    for (std::size_t i = 0; i < machine().graphs.capture_count(); ++i) lines.push_back("capture that was not ended");
    return lines;
}

std::size_t device_bytes_in_use() {
    const Lock lock(machine().mutex);
    std::size_t bytes = 0;
    for (int device = 0; device < machine().device_count; ++device) bytes += machine().memory.bytes_in_use(device);
    return bytes;
}

Barriers barriers_passed() {
    const Lock lock(machine().mutex);
    return machine().barriers;
}

bool address_sanitizer_watches() {
    return asan;
}

}  // namespace glissade::emulation
