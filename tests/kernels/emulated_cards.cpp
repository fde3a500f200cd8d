// SPDX-License-Identifier: Apache-2.0
#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {

std::vector<CardSetting> cards() {
    return {{"hopper-like", 8, 1}, {"small", 2, 2}, {"old", 1, 3}, {"hopper-like", 8, 4}};
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
