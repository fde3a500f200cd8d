// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "tests/emulation/tests/races.hpp"
#include "tests/kernels/compare.hpp"

namespace glissade::testing {

/// Fails where ThreadSanitizer reported a race.
class KernelRaces : public CudaTest {
protected:
    void SetUp() override {
        CudaTest::SetUp();
        emulation::take_races();
    }
    void TearDown() override {
        EXPECT_EQ(emulation::take_races(), 0);
        CudaTest::TearDown();
    }
};

/// A placement whose launches stay small, for each vector clock is as long as there are threads.
inline Placement small_placement(int n) {
    Placement p = placement(n);
    const int blocks[] = {4, 1, 2};
    if (p.wishes.graph)
        p.wishes.blocks = 4;
    else if (!p.wishes.block_a_member)
        p.wishes.blocks = std::min(blocks[n % 3], p.card.most_blocks);
    if (p.wishes.cluster > 0) p.wishes.cluster = p.wishes.blocks > 1 ? std::min(p.wishes.cluster, p.wishes.blocks) : 0;
    p.wishes.threads = n % 2 == 0 ? 64 : 32;
    return p;
}

}  // namespace glissade::testing
