// SPDX-License-Identifier: Apache-2.0
#include "host/execution/team.hpp"

#include <chrono>
#include <string>
#include <system_error>

#include "glissade/device.hpp"
#include "glissade/error.hpp"

namespace glissade {

namespace {

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

constexpr std::chrono::microseconds spin_limit{20};

}  // namespace

ThreadTeam::ThreadTeam(int threads) : threads_(threads), may_spin_(threads <= usable_processors()) {
    if (threads < 1) fail(ErrorKind::usage, "a team needs at least 1 thread, not " + std::to_string(threads));
    try {
        for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
    } catch (const std::system_error& error) {
        const std::size_t started = workers_.size() + 1;
        stop();
        fail(ErrorKind::device, "the system gave " + std::to_string(started) + " of " + std::to_string(threads) + " threads (" +
                                    error.what() + "); ask for fewer");
    } catch (...) {  // no memory for one: those that run must end before they are destroyed
        stop();
        throw;
    }
}

ThreadTeam::~ThreadTeam() {
    stop();
}

void ThreadTeam::stop() {
    stopping_ = true;
    job_.fetch_add(1, std::memory_order_seq_cst);
    job_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
}

void ThreadTeam::run_erased(Call call, void* context) {
    if (threads_ == 1) {
        call(context, 0);
        return;
    }
    call_ = call;
    context_ = context;
    job_.fetch_add(1, std::memory_order_seq_cst);
    job_.notify_all();
    call(context, 0);
    barrier();
}

void ThreadTeam::work(int thread) {
    for (std::uint32_t seen = 0;; ++seen) {
        wait_while(job_, seen);
        if (stopping_) return;
        call_(context_, thread);
        barrier();
    }
}

void ThreadTeam::wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) const {
    if (may_spin_) {
        for (int i = 0; i < 64; ++i) {
            if (word.load(std::memory_order_acquire) != value) return;
            relax();
        }
        const auto end = std::chrono::steady_clock::now() + spin_limit;
        do {
            for (int i = 0; i < 64; ++i) {
                if (word.load(std::memory_order_acquire) != value) return;
                relax();
            }
        } while (std::chrono::steady_clock::now() < end);
    }
    while (word.load(std::memory_order_acquire) == value) word.wait(value, std::memory_order_acquire);
}

}  // namespace glissade
