// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <thread>

namespace glissade::testing {

/// Threads of this process as the kernel counts them.
inline int thread_count() {
    int count = 0;
    for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ++count;
    return count;
}

/// Whether there are `wanted` threads, now or soon: the kernel's entry of a thread outlives its join by some microseconds.
inline bool thread_count_returns_to(int wanted) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (thread_count() != wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return thread_count() == wanted;
}

/// The number of threads once those that have been joined are gone.
inline int settled_thread_count() {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return thread_count();
}

}  // namespace glissade::testing
