// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulated/launch.hpp"
#include "emulated/warp.hpp"
#include "fiber.hpp"
#include "memory.hpp"
#include "random.hpp"

namespace glissade::emulation {

struct Block;

enum class ThreadState { ready, in_block_barrier, in_grid_barrier, in_warp, returned };

struct PendingCopy {
    void* destination;
    const void* source;
    std::size_t bytes;
    std::size_t zero_fill;
    std::uint64_t batch;
};

struct Thread {
    Fiber fiber;
    Block* block = nullptr;
    uint3 index{};
    unsigned rank = 0;  // in its block
    ThreadState state = ThreadState::ready;
    const char* waits_in = "";
    Site site;  // of the last barrier or collective it came to
    WarpCall warp_call;
    std::uint64_t warp_result = 0;
    std::vector<PendingCopy> copies;
    std::uint64_t copy_batch = 0;
};

struct Block {
    std::vector<Thread> threads;
    uint3 index{};
    Region shared;
    unsigned returned = 0;
    unsigned in_block_barrier = 0;
    unsigned in_grid_barrier = 0;
    unsigned votes = 0;  // of the barrier that is filling
    int vote_result = 0;
};

// What a launch was asked for.
struct LaunchRequest {
    dim3 grid;
    dim3 block;
    std::size_t shared_bytes = 0;
    bool cooperative = false;
    std::int64_t number = 0;
    std::function<void()> thread;
};

// Plays one launch: as many blocks at a time as `max_resident_blocks` allows (a cooperative grid all at once), in the order that
// `random` gives. Ends when every thread has returned or with the first thing that is wrong.
class Grid {
public:
    Grid(const LaunchRequest& request, Random& random, StackPool& stacks);
    ~Grid();
    Grid(const Grid&) = delete;
    Grid& operator=(const Grid&) = delete;

    // What was wrong, or an empty text.
    std::string run(std::size_t max_resident_blocks);

    const LaunchRequest& request() const { return request_; }
    Thread& current() { return *current_; }
    bool has_current() const { return current_ != nullptr; }

    // Called from kernels, by way of the functions of emulated/.
    int block_barrier(Vote vote, int predicate, const char* what, const Site& site);
    void grid_barrier(const Site& site);
    std::uint64_t warp_collective(const WarpCall& call, const Site& site);
    void yield();
    // Notes what is wrong; the first finding counts. Then the thread must abandon(), with no object on its stack that owns memory.
    void note(const std::string& finding);
    [[noreturn]] void abandon() { current_->fiber.leave(); }

private:
    static void thread_main(void* thread);
    void start_block(Block& block);
    void finish_block(Block& block);
    void resume(Thread& thread);
    void wait(ThreadState state);
    void wake(Thread& thread);
    void check_same_site(ThreadState state, const char* what, const Site& site);
    void complete_warp(Block& block, unsigned first_rank, unsigned mask);
    void thread_returned(Thread& thread);
    bool warp_is_complete(const Block& block, unsigned first_rank, unsigned mask) const;
    std::string deadlock_report() const;

    LaunchRequest request_;
    Random& random_;
    unsigned block_threads_;
    std::vector<Block> blocks_;              // slots of resident blocks
    std::vector<std::uint64_t> waiting_;     // blocks that have not begun
    std::vector<Thread*> ready_;
    std::size_t blocks_left_;
    std::size_t in_grid_barrier_ = 0;
    Thread* current_ = nullptr;
    std::string finding_;
    StackPool& stacks_;
};

// The grid that runs now; null outside kernels.
Grid*& running_grid();

// "kernel.cu:12"
std::string place(const Site& site);
// "thread (1,0,0) of block (0,0,0)"
std::string name_of(const Thread& thread);

}  // namespace glissade::emulation
