// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <new>
#include <string>

#include "glissade/error.hpp"
#include "tests/support/fault_figures.hpp"
#include "tests/support/thread_count.hpp"
#include "tests/unit/faults/allocation_faults.hpp"

namespace glissade::testing {

/// A call of the library; true if what it gave is right. It keeps nothing beyond its end.
using Call = std::function<bool()>;

/// How a call ended whose n-th allocation was to fail.
struct Trial {
    bool met = false;            ///< it asked for so many allocations
    bool right = false;          ///< it ended with the right result
    bool out_of_memory = false;  ///< it ended with std::bad_alloc or Error(memory)
    std::int64_t leaked = 0;     ///< blocks that it did not give back
    char message[256] = "";      ///< of any other exception
};

inline Trial try_call(const Call& call, std::int64_t n, bool for_good) {
    Trial trial;
    const std::int64_t blocks = live_allocations();
    {
        const AllocationFault fault(n, for_good);
        try {
            trial.right = call();
        } catch (const std::bad_alloc&) {
            trial.out_of_memory = true;
        } catch (const std::exception& error) {
            const auto* ours = dynamic_cast<const Error*>(&error);
            trial.out_of_memory = ours != nullptr && ours->kind() == ErrorKind::memory;
            std::snprintf(trial.message, sizeof trial.message, "%s", error.what());
        }
        trial.met = fault.met();
    }
    trial.leaked = live_allocations() - blocks;
    return trial;
}

inline int open_files() {
    int count = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

struct Sweep {
    Call call;
    std::function<void()> before = [] {};    ///< prepares each call
    std::function<void()> unharmed = [] {};  ///< looks at the world after each failure
};

/// Fails allocation n = 1, 2, 3, ... of the call until it asks for fewer than n, and expects that it ends as it should, gives back all
/// memory, threads and files, and works the next time. With `for_good`, all allocations after the n-th fail, too.
inline void fail_every_allocation(const Sweep& sweep, bool for_good) {
    sweep.before();
    ASSERT_TRUE(sweep.call());  // what is set up once a process is set up now
    const int threads = settled_thread_count(), files = open_files();
    std::int64_t n = 0;
    for (bool met = true; met;) {
        sweep.before();
        const Trial trial = try_call(sweep.call, ++n, for_good);
        SCOPED_TRACE("allocation " + std::to_string(n) + (for_good ? " and all later ones: " : ": ") + trial.message);
        met = trial.met;
        ASSERT_TRUE(trial.right || (met && trial.out_of_memory));
        ASSERT_EQ(trial.leaked, 0);
        ASSERT_TRUE(thread_count_returns_to(threads));
        ASSERT_EQ(open_files(), files);
        if (!trial.right) sweep.unharmed();
        if (::testing::Test::HasFailure()) return;
    }
    sweep.before();
    EXPECT_TRUE(sweep.call());
    ::testing::Test::RecordProperty("allocations", static_cast<int>(n - 1));
    record_faults("failed allocation", n - 1, ::testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace glissade::testing
