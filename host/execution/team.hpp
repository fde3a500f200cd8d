// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace glissade {

/// Threads that live as long as the team and share one task at a time. Between tasks they sleep.
///
/// Waiting spins for some microseconds, in case the others are about to arrive, and then parks in the kernel. A team larger than the
/// processors it may use parks at once.
class ThreadTeam {
public:
    /// A team of `threads` >= 1: the thread that calls `run`, and threads - 1 of its own. Throws Error(device) if the system has no more
    /// threads.
    explicit ThreadTeam(int threads);
    ~ThreadTeam();
    ThreadTeam(const ThreadTeam&) = delete;
    ThreadTeam& operator=(const ThreadTeam&) = delete;

    int size() const { return threads_; }

    /// Calls task(0) here and task(t) on every other thread t; returns when all have returned. Tasks must not throw. One caller at a time.
    template <class Task>
    void run(Task&& task) {
        run_erased([](void* context, int thread) noexcept { (*static_cast<std::remove_reference_t<Task>*>(context))(thread); }, &task);
    }

    /// To be called from within a task by all of its threads: no one returns before all have come. The last to come calls `last` first,
    /// which sees everything that was written before and whose writes all see after.
    template <class Last>
    void barrier(Last&& last) {
        const std::uint32_t round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
            last();
            arrived_.store(0, std::memory_order_relaxed);
            // Sequentially consistent: the store must be seen before notify_all looks for sleepers.
            round_.store(round + 1, std::memory_order_seq_cst);
            round_.notify_all();
        } else {
            wait_while(round_, round);
        }
    }
    void barrier() {
        barrier([] {});
    }

private:
    using Call = void (*)(void*, int) noexcept;

    void run_erased(Call call, void* context);
    void work(int thread);
    void stop();
    void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) const;

    int threads_;
    bool may_spin_;
    std::vector<std::thread> workers_;
    Call call_ = nullptr;
    void* context_ = nullptr;
    bool stopping_ = false;
    alignas(64) std::atomic<std::uint32_t> job_{0};
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> round_{0};
};

}  // namespace glissade
