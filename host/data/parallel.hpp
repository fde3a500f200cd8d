// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace glissade {

/// Calls `body(0) ... body(tasks - 1)`, each once, on up to `threads` threads. If bodies throw, the exception of the lowest task is
/// rethrown once all have stopped: tasks are handed out in order, so which one that is does not depend on the number of threads.
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
    const std::int64_t helpers = std::min<std::int64_t>(threads, tasks) - 1;
    std::vector<std::jthread> team;
    for (std::int64_t i = 0; i < helpers; ++i) team.emplace_back(work);
    work();
    team.clear();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace glissade
