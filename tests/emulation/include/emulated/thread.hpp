// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <source_location>

#include "emulated/vector_types.hpp"

// Where the running thread stands in its launch.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
extern const int warpSize;

// This block's dynamic shared memory: 16-byte aligned, filled with 0xFF when the block begins.
void* glissade_emulated_shared_memory();

namespace glissade::emulation {

using Site = std::source_location;

enum class Vote { none, count, all, any };

// Waits until every thread of the block has come to the same call; returns the vote over `predicate`.
int block_barrier(Vote vote, int predicate, const char* what, const Site& site);
// Waits until every thread of a cooperative grid has come.
void grid_barrier(const Site& site);
bool grid_is_cooperative();
// The cluster's barrier in its two halves.
void cluster_arrive(const char* what, const Site& site);
void cluster_wait(const Site& site);
// Where the running block stands: its cluster's place and shape. A block of a launch without clusters is a cluster of its own.
struct ClusterPlace {
    uint3 cluster;  // in the grid of clusters
    uint3 block;    // in its cluster
    unsigned rank;  // of the block in its cluster
    dim3 blocks;    // of a cluster
    dim3 clusters;  // of the grid
};
ClusterPlace cluster_place();
// The byte of block `rank`'s shared memory that stands where `own` stands in this block's.
void* map_shared(const void* own, int rank, const Site& site);
unsigned shared_owner(const void* shared, const Site& site);
// Lets other threads run.
void yield_thread();
// Ends the launch with a finding.
[[noreturn]] void trap(const Site& site);
// A copy that lands when this thread waits for it.
void copy_later(void* destination, const void* source, std::size_t bytes, std::size_t zero_fill);
void commit_copies();
void wait_for_copies(std::size_t newest_commits_left);
std::uint64_t clock_ticks();

}  // namespace glissade::emulation

inline void __syncthreads(const glissade::emulation::Site& site = glissade::emulation::Site::current()) {
    glissade::emulation::block_barrier(glissade::emulation::Vote::none, 0, "__syncthreads", site);
}
inline int __syncthreads_count(int predicate, const glissade::emulation::Site& site = glissade::emulation::Site::current()) {
    return glissade::emulation::block_barrier(glissade::emulation::Vote::count, predicate, "__syncthreads_count", site);
}
inline int __syncthreads_and(int predicate, const glissade::emulation::Site& site = glissade::emulation::Site::current()) {
    return glissade::emulation::block_barrier(glissade::emulation::Vote::all, predicate, "__syncthreads_and", site);
}
inline int __syncthreads_or(int predicate, const glissade::emulation::Site& site = glissade::emulation::Site::current()) {
    return glissade::emulation::block_barrier(glissade::emulation::Vote::any, predicate, "__syncthreads_or", site);
}

// One thread runs at a time, so a fence has nothing to order here: a missing one is not found.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned int) {
    glissade::emulation::yield_thread();
}
[[noreturn]] inline void __trap(const glissade::emulation::Site& site = glissade::emulation::Site::current()) {
    glissade::emulation::trap(site);
}
inline long long clock64() {
    return static_cast<long long>(glissade::emulation::clock_ticks());
}
