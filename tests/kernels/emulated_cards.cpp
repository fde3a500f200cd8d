// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {

// Every made-up card with room for the tests, and some with a second order of threads: eleven, so that sequences that go around other
// numbers of choices meet each of them on each card.
std::vector<CardSetting> cards() {
    std::vector<CardSetting> all;
    std::uint64_t seed = 0;
    for (const emulation::Card& card : emulation::cards()) {
        if (card.name == "huge") continue;
        const int blocks = std::min(128, static_cast<int>(std::bit_floor(static_cast<unsigned>(card.multiprocessors))));
        all.push_back({card.name, card.cooperative_launch ? blocks : 1, std::min(blocks, card.portable_cluster_blocks), ++seed});
    }
    all.push_back({"hopper-like", 8, 8, ++seed});
    all.push_back({"wide", 128, 8, ++seed});
    return all;
}
std::string why_no_card() {
    return "";
}

void use(const CardSetting& card) {
    emulation::reset();
    emulation::set_card(card.name);
    emulation::set_seed(card.seed);
}

std::vector<std::string> take_faults() {
    std::vector<std::string> faults = emulation::take_findings();
    for (const std::string& leak : emulation::leaks()) faults.push_back("not released: " + leak);
    emulation::reset();
    return faults;
}

}  // namespace glissade::testing
