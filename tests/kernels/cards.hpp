// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace glissade::testing {

/// A card to run the same test bodies on: a made-up one of the emulation with an order of its threads, or the real one.
struct CardSetting {
    std::string name;
    int most_blocks = 1;   ///< of a grid team, a power of two; 1: no cooperative launch
    int most_cluster = 1;  ///< blocks of a cluster
    std::uint64_t seed = 1;
};

/// At least one, or none and the reason.
std::vector<CardSetting> cards();
std::string why_no_card();
/// From here on CUDA calls go to this card.
void use(const CardSetting& card);
/// What went wrong beside the results: faults found by the emulation, what was not released. Taking them clears them.
std::vector<std::string> take_faults();

/// Skips without a card, and fails where the emulation found something.
class CudaTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (cards().empty()) GTEST_SKIP() << why_no_card();
        use(cards().front());
    }
    void TearDown() override {
        for (const std::string& fault : take_faults()) ADD_FAILURE() << fault;
    }
};

}  // namespace glissade::testing
