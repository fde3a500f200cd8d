// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "control.hpp"
#include "emulated/launch.hpp"
#include "emulated/warp.hpp"
#include "fiber.hpp"
#include "happens_before.hpp"
#include "memory.hpp"
#include "random.hpp"

namespace glissade::emulation {

struct Block;
struct Cluster;

enum class ThreadState { ready, in_block_barrier, in_cluster_barrier, in_grid_barrier, in_warp, returned };

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
    bool arrived_in_cluster = false;  // and has not waited
    std::uint64_t cluster_phase = 0;  // in which it arrived
    void* cluster_place = nullptr;
    Site cluster_site;  // where
};

// A collective that lanes of one warp have come to and wait in.
struct WarpGathering {
    unsigned mask = 0;
    unsigned arrived = 0;
    const Thread* first = nullptr;
};

struct Warp {
    unsigned returned = 0;  // lanes that have, or that a block not a multiple of 32 lacks
    std::vector<WarpGathering> gatherings;
    std::array<Meeting, 32> meetings;  // of gatherings, by the first lane of their masks
};

struct Block {
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    uint3 index{};
    Cluster* cluster = nullptr;
    unsigned rank_in_cluster = 0;
    Region shared;
    unsigned returned = 0;
    unsigned in_block_barrier = 0;
    unsigned in_grid_barrier = 0;
    const Thread* first_in_block_barrier = nullptr;
    const Thread* first_in_grid_barrier = nullptr;
    unsigned votes = 0;  // of the barrier that is filling
    int vote_result = 0;
    Meeting meeting;
};

// Blocks that are on the card together and reach into each other's shared memory. Without clusters in a launch each block is one.
struct Cluster {
    uint3 index{};  // in the grid of clusters
    unsigned blocks_returned = 0;
    // Of the barrier: what counts is the threads that have arrived, or that have returned and are no longer waited for.
    unsigned arrived = 0;
    unsigned returned = 0;
    std::uint64_t phase = 0;
    Site first_site;  // of the first that arrived in this phase
    Meeting meeting;
};

// What a launch was asked for.
struct LaunchRequest {
    dim3 grid;
    dim3 block;
    dim3 cluster;
    std::size_t shared_bytes = 0;
    bool cooperative = false;
    std::int64_t number = 0;
    std::function<void()> thread;
};

inline std::uint64_t volume(const dim3& shape) {
    return std::uint64_t{shape.x} * shape.y * shape.z;
}

// Plays one launch: as many clusters at a time as `max_resident_clusters` allows (a cooperative grid all at once), in the order that
// `random` gives. Ends when every thread has returned or with the first thing that is wrong.
class Grid {
public:
    // Counts the barriers that all have come to.
    Grid(const LaunchRequest& request, Random& random, StackPool& stacks, Barriers& passed);
    ~Grid();
    Grid(const Grid&) = delete;
    Grid& operator=(const Grid&) = delete;

    // What was wrong, or an empty text.
    std::string run(std::size_t max_resident_clusters);

    const LaunchRequest& request() const { return request_; }
    Thread& current() { return *current_; }
    bool has_current() const { return current_ != nullptr; }

    // Called from kernels, by way of the functions of emulated/.
    int block_barrier(Vote vote, int predicate, const char* what, const Site& site);
    void grid_barrier(const Site& site);
    void cluster_arrive(const char* what, const Site& site);
    void cluster_wait(const Site& site);
    void* map_shared(const void* own, int rank, const Site& site);
    unsigned shared_owner(const void* shared, const Site& site);
    // Which block's shared memory an address belongs to, or an empty text.
    std::string describe_shared(const void* pointer) const;
    std::uint64_t warp_collective(const WarpCall& call, const Site& site);
    void yield();
    // Notes what is wrong; the first finding counts. Then the thread must abandon(), with no object on its stack that owns memory.
    void note(const std::string& finding);
    [[noreturn]] void abandon() {
        tsan_ignore(false);  // the call that was abandoned had begun it
        current_->fiber.leave_to(scheduler_);
    }

private:
    static void thread_main(void* thread);
    Block* blocks_of(const Cluster& cluster) { return &blocks_[static_cast<std::size_t>(&cluster - clusters_.data()) * cluster_blocks_]; }
    void start_cluster(Cluster& cluster);
    void start_block(Block& block);
    void finish_block(Block& block);
    void release_cluster_if_all_arrived(Cluster& cluster);
    void cluster_thread_returned(Thread& thread);
    const Block* owner_of_shared(const Cluster& cluster, const void* shared) const;
    Thread& next_thread();
    void switch_away();
    void wake(Thread& thread);
    void check_same_site(const Thread& first, const char* what, const Site& site);
    WarpGathering& gathering_for(Warp& warp, const WarpCall& call, const Site& site);
    void refuse_warp_call(const WarpCall& call, const Site& site, const Thread& other);
    void complete_if_all_came(Block& block, Warp& warp, std::size_t gathering);
    void thread_returned(Thread& thread);
    std::string deadlock_report() const;

    LaunchRequest request_;
    Random& random_;
    unsigned block_threads_;
    unsigned cluster_blocks_;
    std::vector<Cluster> clusters_;       // slots of resident clusters
    std::vector<Block> blocks_;           // their blocks, cluster by cluster
    std::vector<std::uint64_t> waiting_;  // clusters that have not begun
    std::vector<Thread*> ready_;
    // The next thread is drawn from this many that became ready last: all of them, or about a warp, which then runs far ahead of the
    // others (and stays in the cache). The seed chooses which for each launch.
    std::size_t window_;
    std::size_t blocks_left_;
    std::size_t in_grid_barrier_ = 0;
    Meeting grid_meeting_;
    Meeting end_;  // of the launch: the host comes after all threads
    Fiber scheduler_;
    Thread* current_ = nullptr;
    std::string finding_;
    StackPool& stacks_;
    Barriers& passed_;
};

// Null outside kernels.
inline Grid* running_grid = nullptr;

inline bool same_site(const Site& a, const Site& b) {
    const bool same_file = a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0;
    return same_file && a.line() == b.line() && a.column() == b.column();
}
// "kernel.cu:12"
std::string place(const Site& site);
// "thread (1,0,0) of block (0,0,0)"
std::string name_of(const Thread& thread);
// "(1,0,0)"
std::string name_of(const uint3& index);

}  // namespace glissade::emulation
