// SPDX-License-Identifier: Apache-2.0
#include "grid.hpp"

#include <algorithm>
#include <exception>

#include "text.hpp"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;
const int warpSize = 32;

namespace glissade::emulation {
namespace {

uint3 coordinates(std::uint64_t rank, const dim3& shape) {
    const std::uint64_t row = rank / shape.x;
    return {static_cast<unsigned>(rank % shape.x), static_cast<unsigned>(row % shape.y), static_cast<unsigned>(row / shape.y)};
}

dim3 clusters_of(const LaunchRequest& request) {
    return {request.grid.x / request.cluster.x, request.grid.y / request.cluster.y, request.grid.z / request.cluster.z};
}

}  // namespace

Grid::Grid(const LaunchRequest& request, Random& random, StackPool& stacks, Barriers& passed)
    : request_(request),
      random_(random),
      block_threads_(static_cast<unsigned>(volume(request.block))),
      cluster_blocks_(static_cast<unsigned>(volume(request.cluster))),
      window_(random.below(2) == 0 ? 32 : ~std::size_t{0}),
      blocks_left_(static_cast<std::size_t>(volume(request.grid))),
      stacks_(stacks),
      passed_(passed) {}

Grid::~Grid() {
    for (const Block& block : blocks_) {
        if (block.shared.pages != nullptr) unmap_region(block.shared);
    }
}

std::string Grid::run(std::size_t max_resident_clusters) {
    waiting_.resize(blocks_left_ / cluster_blocks_);
    clusters_.resize(std::min(max_resident_clusters, waiting_.size()));
    blocks_.resize(clusters_.size() * cluster_blocks_);
    for (std::size_t i = 0; i < waiting_.size(); ++i) waiting_[i] = i;
    blockDim = request_.block;
    gridDim = request_.grid;
    running_grid = this;
    for (Cluster& cluster : clusters_) start_cluster(cluster);
    while (blocks_left_ > 0 && finding_.empty()) {
        if (ready_.empty()) {
            note(deadlock_report());
            break;
        }
        scheduler_.switch_to(next_thread().fiber);
        // Back because a thread has returned, nobody can go on or something is wrong.
        if (finding_.empty() && current_->state == ThreadState::returned) thread_returned(*current_);
    }
    current_ = nullptr;
    running_grid = nullptr;
    Meeting::leave(end_.arrive());
    return finding_;
}

void Grid::start_cluster(Cluster& cluster) {
    const std::size_t chosen = random_.below(waiting_.size());
    cluster = {};
    cluster.index = coordinates(waiting_[chosen], clusters_of(request_));
    waiting_[chosen] = waiting_.back();
    waiting_.pop_back();
    const dim3& shape = request_.cluster;
    for (unsigned rank = 0; rank < cluster_blocks_; ++rank) {
        Block& block = blocks_of(cluster)[rank];
        const uint3 inner = coordinates(rank, shape);
        block.cluster = &cluster;
        block.rank_in_cluster = rank;
        block.index = {cluster.index.x * shape.x + inner.x, cluster.index.y * shape.y + inner.y, cluster.index.z * shape.z + inner.z};
        start_block(block);
    }
}

void Grid::start_block(Block& block) {
    const auto slot = static_cast<std::size_t>(&block - blocks_.data());
    if (block.threads.empty()) {
        block.threads.resize(block_threads_);
        block.shared = map_region(request_.shared_bytes);
        protect_region(block.shared, true);
    } else if (cluster_blocks_ > 1) {
        protect_region(block.shared, true);
    }
    paint_region(block.shared);
    block.returned = 0;
    block.meeting = {};
    block.warps.clear();
    block.warps.resize((block_threads_ + 31) / 32);
    if (block_threads_ % 32 != 0) block.warps.back().returned = ~0U << block_threads_ % 32;
    for (unsigned i = 0; i < block_threads_; ++i) {
        Thread& thread = block.threads[i];
        thread.block = &block;
        thread.rank = i;
        thread.index = coordinates(i, request_.block);
        thread.copies.clear();
        thread.arrived_in_cluster = false;
        const std::size_t stack = slot * block_threads_ + i;
        thread.fiber.start(stacks_.stack(stack), stack, &Grid::thread_main, &thread);
        wake(thread);
    }
}

void Grid::finish_block(Block& block) {
    if (const std::string broken = check_guards(block.shared); !broken.empty()) {
        note(text(broken, " the shared memory (", block.shared.user_bytes, " bytes) of a block"));
        return;
    }
    --blocks_left_;
    // Whoever reaches into it from now on is too late.
    if (cluster_blocks_ > 1) protect_region(block.shared, false);
    Cluster& cluster = *block.cluster;
    if (++cluster.blocks_returned == cluster_blocks_ && !waiting_.empty()) start_cluster(cluster);
}

Thread& Grid::next_thread() {
    const std::size_t candidates = std::min(ready_.size(), window_);
    const std::size_t chosen = ready_.size() - candidates + random_.below(candidates);
    Thread& thread = *ready_[chosen];
    ready_[chosen] = ready_.back();
    ready_.pop_back();
    threadIdx = thread.index;
    blockIdx = thread.block->index;
    current_ = &thread;
    return thread;
}

// The scheduler is gone through only when it has something to do.
void Grid::switch_away() {
    Thread& self = *current_;
    if (ready_.empty()) {
        self.fiber.switch_to(scheduler_);
        return;
    }
    Thread& next = next_thread();
    if (&next != &self) self.fiber.switch_to(next.fiber);
}

void Grid::thread_main(void* argument) {
    Thread& thread = *static_cast<Thread*>(argument);
    Grid& grid = *running_grid;
    try {
        grid.request_.thread();
    } catch (const std::exception& error) {
        grid.note(text(name_of(thread), " threw: ", error.what()));
    } catch (...) {
        grid.note(text(name_of(thread), " threw an exception"));
    }
    thread.state = ThreadState::returned;
    grid.end_.arrive();
    thread.fiber.leave_to(grid.scheduler_);
}

void Grid::thread_returned(Thread& thread) {
    Block& block = *thread.block;
    // A lane that has returned is no longer waited for.
    Warp& warp = block.warps[thread.rank / 32];
    warp.returned |= 1U << thread.rank % 32;
    for (std::size_t i = warp.gatherings.size(); i-- > 0;) complete_if_all_came(block, warp, i);
    cluster_thread_returned(thread);
    if (++block.returned == block_threads_) finish_block(block);
}

void Grid::wake(Thread& thread) {
    thread.state = ThreadState::ready;
    ready_.push_back(&thread);
}

void Grid::yield() {
    wake(*current_);
    // Out of the window, so that threads that poll cannot keep the one from running that they wait for.
    std::swap(ready_.back(), ready_[random_.below(ready_.size())]);
    switch_away();
}

void Grid::note(const std::string& finding) {
    if (finding_.empty()) finding_ = text("kernel of call ", request_.number, ": ", finding);
}

}  // namespace glissade::emulation
