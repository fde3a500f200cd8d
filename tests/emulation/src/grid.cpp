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

std::uint64_t volume(const dim3& shape) { return std::uint64_t{shape.x} * shape.y * shape.z; }

}  // namespace

Grid*& running_grid() {
    static Grid* grid = nullptr;
    return grid;
}

Grid::Grid(const LaunchRequest& request, Random& random, StackPool& stacks)
    : request_(request),
      random_(random),
      block_threads_(static_cast<unsigned>(volume(request.block))),
      blocks_left_(static_cast<std::size_t>(volume(request.grid))),
      stacks_(stacks) {}

Grid::~Grid() {
    for (const Block& block : blocks_) {
        if (block.shared.pages != nullptr) unmap_region(block.shared);
    }
}

std::string Grid::run(std::size_t max_resident_blocks) {
    blocks_.resize(std::min(max_resident_blocks, blocks_left_));
    waiting_.resize(blocks_left_);
    for (std::size_t i = 0; i < waiting_.size(); ++i) waiting_[i] = i;
    blockDim = request_.block;
    gridDim = request_.grid;
    running_grid() = this;
    for (Block& block : blocks_) start_block(block);
    while (blocks_left_ > 0 && finding_.empty()) {
        if (ready_.empty()) {
            note(deadlock_report());
            break;
        }
        const std::size_t chosen = random_.below(ready_.size());
        Thread& thread = *ready_[chosen];
        ready_[chosen] = ready_.back();
        ready_.pop_back();
        resume(thread);
    }
    running_grid() = nullptr;
    return finding_;
}

void Grid::start_block(Block& block) {
    const std::size_t chosen = random_.below(waiting_.size());
    const std::uint64_t rank = waiting_[chosen];
    waiting_[chosen] = waiting_.back();
    waiting_.pop_back();
    const auto slot = static_cast<std::size_t>(&block - blocks_.data());
    if (block.threads.empty()) {
        block.threads.resize(block_threads_);
        block.shared = map_region(request_.shared_bytes);
        protect_region(block.shared, true);
    }
    paint_region(block.shared);
    block.index = coordinates(rank, request_.grid);
    block.returned = 0;
    for (unsigned i = 0; i < block_threads_; ++i) {
        Thread& thread = block.threads[i];
        thread.block = &block;
        thread.rank = i;
        thread.index = coordinates(i, request_.block);
        thread.copies.clear();
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
    if (!waiting_.empty()) start_block(block);
}

void Grid::resume(Thread& thread) {
    threadIdx = thread.index;
    blockIdx = thread.block->index;
    current_ = &thread;
    thread.fiber.resume();
    current_ = nullptr;
    if (finding_.empty() && thread.state == ThreadState::returned) thread_returned(thread);
}

void Grid::thread_main(void* argument) {
    Thread& thread = *static_cast<Thread*>(argument);
    Grid& grid = *running_grid();
    try {
        grid.request_.thread();
    } catch (const std::exception& error) {
        grid.note(text(name_of(thread), " threw: ", error.what()));
    } catch (...) {
        grid.note(text(name_of(thread), " threw an exception"));
    }
    thread.state = ThreadState::returned;
}

void Grid::thread_returned(Thread& thread) {
    Block& block = *thread.block;
    // A lane that has returned is no longer waited for.
    const unsigned first_rank = thread.rank / 32 * 32;
    for (unsigned lane = 0; lane < 32 && first_rank + lane < block_threads_; ++lane) {
        const Thread& other = block.threads[first_rank + lane];
        if (other.state != ThreadState::in_warp || !warp_is_complete(block, first_rank, other.warp_call.mask)) continue;
        complete_warp(block, first_rank, other.warp_call.mask);
    }
    if (++block.returned == block_threads_) finish_block(block);
}

void Grid::wait(ThreadState state) {
    Thread& thread = *current_;
    thread.state = state;
    thread.fiber.suspend();
}

void Grid::wake(Thread& thread) {
    thread.state = ThreadState::ready;
    ready_.push_back(&thread);
}

void Grid::yield() {
    wake(*current_);
    current_->fiber.suspend();
}

void Grid::note(const std::string& finding) {
    if (finding_.empty()) finding_ = text("kernel of call ", request_.number, ": ", finding);
}

}  // namespace glissade::emulation
