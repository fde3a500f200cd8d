// SPDX-License-Identifier: Apache-2.0
// What kernels call: thin doors to the grid that runs now.
#include <algorithm>
#include <cstring>

#include "grid.hpp"
#include "text.hpp"

void* glissade_emulated_shared_memory() {
    return glissade::emulation::running_grid->current().block->shared.user;
}

namespace glissade::emulation {

int block_barrier(Vote vote, int predicate, const char* what, const Site& site) {
    const TsanIgnored ignored;
    return running_grid->block_barrier(vote, predicate, what, site);
}

void grid_barrier(const Site& site) {
    const TsanIgnored ignored;
    running_grid->grid_barrier(site);
}

void cluster_arrive(const char* what, const Site& site) {
    const TsanIgnored ignored;
    running_grid->cluster_arrive(what, site);
}

void cluster_wait(const Site& site) {
    const TsanIgnored ignored;
    running_grid->cluster_wait(site);
}

ClusterPlace cluster_place() {
    const LaunchRequest& request = running_grid->request();
    const dim3& shape = request.cluster;
    const Block& block = *running_grid->current().block;
    return {block.cluster->index,
            {block.index.x % shape.x, block.index.y % shape.y, block.index.z % shape.z},
            block.rank_in_cluster,
            shape,
            {request.grid.x / shape.x, request.grid.y / shape.y, request.grid.z / shape.z}};
}

void* map_shared(const void* own, int rank, const Site& site) {
    const TsanIgnored ignored;
    return running_grid->map_shared(own, rank, site);
}

unsigned shared_owner(const void* shared, const Site& site) {
    const TsanIgnored ignored;
    return running_grid->shared_owner(shared, site);
}

bool grid_is_cooperative() {
    return running_grid->request().cooperative;
}

void yield_thread() {
    const TsanIgnored ignored;
    running_grid->yield();
}

void trap(const Site& site) {
    const TsanIgnored ignored;
    Grid& grid = *running_grid;
    grid.note(text(name_of(grid.current()), " trapped at ", place(site)));
    grid.abandon();
}

std::uint64_t warp_collective(const WarpCall& call, const Site& site) {
    const TsanIgnored ignored;
    return running_grid->warp_collective(call, site);
}

int lane_index() {
    return static_cast<int>(running_grid->current().rank % 32);
}

void copy_later(void* destination, const void* source, std::size_t bytes, std::size_t zero_fill) {
    Grid& grid = *running_grid;
    Thread& thread = grid.current();
    const auto places = reinterpret_cast<std::uintptr_t>(destination) | reinterpret_cast<std::uintptr_t>(source);
    if ((bytes != 4 && bytes != 8 && bytes != 16) || zero_fill > bytes || places % bytes != 0) {
        tsan_ignore(true);
        grid.note(
            text(name_of(thread), " asks for an asynchronous copy of ", bytes, " bytes; it takes 4, 8 or 16, aligned to their number"));
        grid.abandon();
    }
    // In flight from here to its wait: who touches either place in between races with it.
    tsan_reads(source, bytes - zero_fill);
    tsan_writes(destination, bytes);
    const TsanIgnored bookkeeping;
    thread.copies.push_back({destination, source, bytes, zero_fill, thread.copy_batch});
}

void commit_copies() {
    ++running_grid->current().copy_batch;
}

void wait_for_copies(std::size_t newest_commits_left) {
    Thread& thread = running_grid->current();
    std::size_t landed = 0;
    {
        const TsanIgnored bookkeeping;
        const auto end = std::stable_partition(thread.copies.begin(), thread.copies.end(), [&](const PendingCopy& copy) {
            return copy.batch + newest_commits_left < thread.copy_batch;
        });
        landed = static_cast<std::size_t>(end - thread.copies.begin());
    }
    for (std::size_t i = 0; i < landed; ++i) {
        PendingCopy copy;
        {
            const TsanIgnored bookkeeping;
            copy = thread.copies[i];
        }
        tsan_reads(copy.source, copy.bytes - copy.zero_fill);
        tsan_writes(copy.destination, copy.bytes);
        std::memcpy(copy.destination, copy.source, copy.bytes - copy.zero_fill);
        std::memset(static_cast<std::byte*>(copy.destination) + copy.bytes - copy.zero_fill, 0, copy.zero_fill);
    }
    const TsanIgnored bookkeeping;
    thread.copies.erase(thread.copies.begin(), thread.copies.begin() + static_cast<std::ptrdiff_t>(landed));
}

std::uint64_t clock_ticks() {
    static std::uint64_t ticks = 0;
    return ++ticks;
}

}  // namespace glissade::emulation
