// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "control.hpp"
#include "graphs.hpp"
#include "grid.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace glissade::emulation {

// Everything there is to one emulated computer. One at a time uses it: every runtime call holds its lock.
class Machine {
public:
    Machine();
    ~Machine();

    void reset();
    void report(const std::string& finding);

    // Runs queued operations until `done` says so or nothing can run.
    void run_until(const std::function<bool()>& done);
    void run_everything() {
        run_until([] { return false; });
    }
    // Runs one operation, so that a program that polls comes to an end.
    void make_a_step();
    // Plays one launch now.
    void play(const LaunchRequest& request, std::size_t max_resident_clusters);
    void check_guards();
    // Counts the call that begins now; true if the test chose it, or one before it for good.
    bool this_call_fails();

    int resident_blocks_per_multiprocessor(int block_threads, std::size_t shared_bytes) const;
    // On the whole card; a launch without clusters has clusters of one block.
    int resident_clusters(int block_threads, std::size_t shared_bytes, int cluster_blocks) const;
    int max_cluster_blocks(const void* kernel) const;
    std::size_t max_dynamic_shared_bytes(const void* kernel) const;

    std::recursive_mutex mutex;
    Card card;
    int device_count = 1;
    Random random{1};
    cudaError_t device_error = cudaSuccess;  // a kernel went wrong: every later call says so
    DeviceMemory memory;
    PinnedMemory pinned;
    Streams streams;
    Graphs graphs;
    StackPool stacks;
    std::map<const void*, std::size_t> dynamic_shared_limits;  // raised by cudaFuncSetAttribute
    std::set<const void*> allow_non_portable_clusters;
    std::vector<Call> calls;
    std::vector<std::string> findings;
    Barriers barriers;                     // passed
    std::int64_t calls_until_failure = 0;  // 0: none fails
    bool failure_stays = false;
    cudaError_t failure = cudaErrorUnknown;

private:
    void execute(const Operation& operation);
};

Machine& machine();

// Of the calling thread, as in CUDA.
int& current_device();
cudaError_t& last_error();

// Prints what an address was that nobody may touch, then lets the process die of it.
void install_fault_handler();

}  // namespace glissade::emulation
