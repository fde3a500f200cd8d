// SPDX-License-Identifier: Apache-2.0
// The barrier of a cluster, and shared memory that its blocks reach into.
#include "grid.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

bool holds(const Region& region, const void* pointer) {
    return address(pointer) >= address(region.user) && address(pointer) < address(region.user) + region.user_bytes;
}

}  // namespace

// As PTX says of barrier.cluster: threads that have returned are not waited for.
void Grid::release_cluster_if_all_arrived(Cluster& cluster) {
    if (cluster.arrived == 0 || cluster.arrived + cluster.returned < cluster_blocks_ * block_threads_) return;
    cluster.arrived = 0;
    ++cluster.phase;
    ++passed_.clusters;
    cluster.meeting.all_have_come();
    Block* const blocks = blocks_of(cluster);
    for (unsigned rank = 0; rank < cluster_blocks_; ++rank) {
        for (Thread& thread : blocks[rank].threads) {
            if (thread.state == ThreadState::in_cluster_barrier) wake(thread);
        }
    }
}

void Grid::cluster_arrive(const char* what, const Site& site) {
    Thread& thread = *current_;
    Cluster& cluster = *thread.block->cluster;
    if (thread.arrived_in_cluster) {
        note(text(name_of(thread), " arrives at ", place(site), " in ", what, " and has not waited since it arrived at ",
                  place(thread.cluster_site)));
        abandon();
    }
    if (cluster.arrived > 0 && !same_site(cluster.first_site, site)) {
        note(text("divergent barrier: ", name_of(thread), " is at ", place(site), " in ", what, ", another thread of its cluster came to ",
                  place(cluster.first_site)));
        abandon();
    }
    if (cluster.arrived == 0) cluster.first_site = site;
    thread.cluster_site = site;
    thread.arrived_in_cluster = true;
    thread.cluster_phase = cluster.phase;
    thread.cluster_place = cluster.meeting.arrive();
    ++cluster.arrived;
    release_cluster_if_all_arrived(cluster);
}

void Grid::cluster_wait(const Site& site) {
    Thread& thread = *current_;
    if (!thread.arrived_in_cluster) {
        note(text(name_of(thread), " waits at ", place(site), " for a barrier of its cluster where it has not arrived"));
        abandon();
    }
    thread.site = site;
    thread.waits_in = "the barrier of its cluster";
    if (thread.cluster_phase == thread.block->cluster->phase) {
        thread.state = ThreadState::in_cluster_barrier;
        switch_away();
    } else {
        yield();
    }
    Meeting::leave(thread.cluster_place);
    thread.arrived_in_cluster = false;
}

void Grid::cluster_thread_returned(Thread& thread) {
    Cluster& cluster = *thread.block->cluster;
    if (thread.arrived_in_cluster && thread.cluster_phase == cluster.phase) --cluster.arrived;
    ++cluster.returned;
    release_cluster_if_all_arrived(cluster);
}

const Block* Grid::owner_of_shared(const Cluster& cluster, const void* shared) const {
    const Block* const blocks = &blocks_[static_cast<std::size_t>(&cluster - clusters_.data()) * cluster_blocks_];
    for (unsigned rank = 0; rank < cluster_blocks_; ++rank) {
        if (holds(blocks[rank].shared, shared)) return blocks + rank;
    }
    return nullptr;
}

void* Grid::map_shared(const void* own, int rank, const Site& site) {
    const Block& block = *current_->block;
    if (rank < 0 || static_cast<unsigned>(rank) >= cluster_blocks_) {
        note(text(name_of(*current_), " asks at ", place(site), " for block ", rank, " of a cluster of ", cluster_blocks_));
        abandon();
    }
    if (!holds(block.shared, own)) {
        note(text(name_of(*current_), " maps at ", place(site), " an address that is not in its block's shared memory"));
        abandon();
    }
    return blocks_of(*block.cluster)[rank].shared.user + (address(own) - address(block.shared.user));
}

unsigned Grid::shared_owner(const void* shared, const Site& site) {
    const Block* owner = owner_of_shared(*current_->block->cluster, shared);
    if (owner != nullptr) return owner->rank_in_cluster;
    note(text(name_of(*current_), " asks at ", place(site), " whose an address is that is in no shared memory of its cluster"));
    abandon();
}

std::string Grid::describe_shared(const void* pointer) const {
    for (const Block& block : blocks_) {
        const Region& region = block.shared;
        if (region.pages == nullptr || address(pointer) < address(region.pages) - page_size() ||
            address(pointer) >= address(region.end()) + page_size()) {
            continue;
        }
        const auto offset = static_cast<std::int64_t>(address(pointer) - address(region.user));
        const char* const state = block.returned == block_threads_ ? ", which has returned" : "";
        return text("byte ", offset, " of the ", region.user_bytes, " bytes of shared memory of block ", name_of(block.index), state);
    }
    return "";
}

}  // namespace glissade::emulation
