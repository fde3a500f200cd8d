// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade::testing {

/// While it lives, the system gives this process so many threads more and then none: pthread_create answers EAGAIN. The program that links
/// this has its own pthread_create before the system's.
class ThreadLimit {
public:
    explicit ThreadLimit(int threads);
    ~ThreadLimit();
    ThreadLimit(const ThreadLimit&) = delete;
    ThreadLimit& operator=(const ThreadLimit&) = delete;

    /// How often a thread was refused.
    int refusals() const;
};

}  // namespace glissade::testing
