// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace glissade::testing {

/// While it lives, the n-th allocation from now on, counted over all threads from 1, fails: by operator new, or by the library's own calls
/// of realloc, aligned_alloc and mmap; with `for_good` all later ones do, too. The program that links this has its own operator new.
class AllocationFault {
public:
    AllocationFault(std::int64_t n, bool for_good);
    ~AllocationFault();
    AllocationFault(const AllocationFault&) = delete;
    AllocationFault& operator=(const AllocationFault&) = delete;

    /// Whether an allocation has failed.
    bool met() const;
};

/// Blocks from operator new that have not been given back.
std::int64_t live_allocations();

}  // namespace glissade::testing
