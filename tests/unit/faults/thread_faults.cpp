// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/faults/thread_faults.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <limits>

namespace {

std::atomic<int> threads_left{std::numeric_limits<int>::max()}, refused{0};

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) noexcept {
    using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto system_create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
    if (threads_left.fetch_sub(1) < 1) {
        threads_left = 0;
        ++refused;
        return EAGAIN;
    }
    return system_create(thread, attributes, start, argument);
}

namespace glissade::testing {

ThreadLimit::ThreadLimit(int threads) {
    refused = 0;
    threads_left = threads;
}

ThreadLimit::~ThreadLimit() {
    threads_left = std::numeric_limits<int>::max();
}

int ThreadLimit::refusals() const {
    return refused;
}

}  // namespace glissade::testing
