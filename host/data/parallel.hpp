// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace glissade {

/// Up to `count` threads that run `work`: as many as the system gives.
template <class Work>
std::vector<std::jthread> start_threads(std::int64_t count, const Work& work) {
    std::vector<std::jthread> team;
    try {
        for (std::int64_t i = 0; i < count; ++i) team.emplace_back(work);
    } catch (const std::system_error&) {  // no more threads
    } catch (const std::bad_alloc&) {     // no memory for one
    }
    return team;
}

/// Calls `body(0) ... body(tasks - 1)`, each once, on up to `threads` threads. If bodies throw, the exception of the lowest task is
/// rethrown once all have stopped: tasks are handed out in order, so which one that is does not depend on the number of threads. Where the
/// system has no more threads, those that it gave do the work, at worst the caller's alone.
template <class Body>
void parallel_for(std::int64_t tasks, int threads, const Body& body) {
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::int64_t failed_task = tasks;
    std::exception_ptr failure;
    const auto work = [&] {
        while (!stop.load(std::memory_order_relaxed)) {
            const std::int64_t task = next.fetch_add(1, std::memory_order_relaxed);
            if (task >= tasks) return;
            try {
                body(task);
            } catch (...) {
                const std::scoped_lock lock(mutex);
                stop = true;
                if (task < failed_task) {
                    failed_task = task;
                    failure = std::current_exception();
                }
            }
        }
    };
    {
        const std::vector<std::jthread> helpers = start_threads(std::min<std::int64_t>(threads, tasks) - 1, work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace glissade
