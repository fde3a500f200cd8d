// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr int exit_status_of_untaken_findings = 86;
constexpr int max_block_threads = 1024;
constexpr int registers_per_multiprocessor = 65536;

// A grid that is not cooperative may have any number of its blocks on the card; more fibers than this only cost time.
constexpr std::size_t max_resident_threads = 2048;

}  // namespace

Machine& machine() {
    static Machine only;
    return only;
}

int& current_device() {
    thread_local int device = 0;
    return device;
}

cudaError_t& last_error() {
    thread_local cudaError_t error = cudaSuccess;
    return error;
}

Machine::Machine() : card(emulation::card("hopper-like")) {
    install_fault_handler();
}

Machine::~Machine() {
    if (findings.empty()) return;
    std::fprintf(stderr, "emulated CUDA: %zu findings were not taken by the test\n", findings.size());
    std::_Exit(exit_status_of_untaken_findings);
}

void Machine::reset() {
    streams.clear();
    graphs.clear();
    memory.clear();
    pinned.clear();
    card = emulation::card("hopper-like");
    device_count = 1;
    random = Random(1);
    device_error = cudaSuccess;
    dynamic_shared_limits.clear();
    allow_non_portable_clusters.clear();
    calls.clear();
    barriers = {};
    calls_until_failure = 0;
    failure_stays = false;
    current_device() = 0;
    last_error() = cudaSuccess;
}

void Machine::report(const std::string& finding) {
    std::fprintf(stderr, "emulated CUDA: %s\n", finding.c_str());
    findings.push_back(finding);
}

void Machine::run_until(const std::function<bool()>& done) {
    memory.open();
    const auto run = [this](const Operation& operation) { execute(operation); };
    while (!done() && streams.run_one(random, run)) {
    }
    memory.close();
}

void Machine::make_a_step() {
    bool done = false;
    run_until([&] { return std::exchange(done, true); });
}

// After a kernel has gone wrong the device does nothing more.
void Machine::execute(const Operation& operation) {
    if (device_error == cudaSuccess && operation.run) operation.run();
}

void Machine::play(const LaunchRequest& request, std::size_t max_resident_clusters) {
    const TsanIgnored ignored;
    const std::size_t cluster_threads = volume(request.block) * volume(request.cluster);
    if (!request.cooperative) {
        const std::size_t most = std::max<std::size_t>(1, std::min(max_resident_clusters, max_resident_threads / cluster_threads));
        max_resident_clusters = 1 + random.below(most);
    }
    Grid grid(request, random, stacks, barriers);
    const std::string finding = grid.run(max_resident_clusters);
    if (!finding.empty()) {
        report(finding);
        device_error = cudaErrorLaunchFailure;
    }
    check_guards();
}

void Machine::check_guards() {
    memory.open();
    for (const std::string& finding : memory.check_all_guards()) report(finding);
    memory.close();
    for (const std::string& finding : pinned.check_all_guards()) report(finding);
}

bool Machine::this_call_fails() {
    if (calls_until_failure == 0) return false;
    if (calls_until_failure > 1) {
        --calls_until_failure;
        return false;
    }
    if (!failure_stays) calls_until_failure = 0;
    return true;
}

int Machine::resident_blocks_per_multiprocessor(int block_threads, std::size_t shared_bytes) const {
    if (block_threads < 1 || block_threads > max_block_threads || shared_bytes > card.shared_bytes_per_block_optin) return 0;
    const int warp_threads = (block_threads + 31) / 32 * 32;
    const std::size_t block_bytes = shared_bytes + card.reserved_shared_bytes_per_block;
    const std::size_t by_shared = block_bytes == 0 ? std::size_t{1} << 20 : card.shared_bytes_per_multiprocessor / block_bytes;
    return std::min({card.max_threads_per_multiprocessor / warp_threads, card.max_blocks_per_multiprocessor,
                     registers_per_multiprocessor / (card.registers_per_thread * warp_threads), static_cast<int>(by_shared)});
}

int Machine::resident_clusters(int block_threads, std::size_t shared_bytes, int cluster_blocks) const {
    const int blocks = resident_blocks_per_multiprocessor(block_threads, shared_bytes);
    if (cluster_blocks == 1) return blocks * card.multiprocessors;
    const int group = card.multiprocessors_per_group;
    return card.multiprocessors / group * (group * blocks / cluster_blocks) + card.multiprocessors % group * blocks / cluster_blocks;
}

int Machine::max_cluster_blocks(const void* kernel) const {
    return allow_non_portable_clusters.contains(kernel) ? card.max_cluster_blocks : card.portable_cluster_blocks;
}

std::size_t Machine::max_dynamic_shared_bytes(const void* kernel) const {
    const auto found = dynamic_shared_limits.find(kernel);
    return found == dynamic_shared_limits.end() ? card.shared_bytes_per_block : found->second;
}

}  // namespace glissade::emulation
