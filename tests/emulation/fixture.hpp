// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include "tests/emulation/control.hpp"

namespace glissade::emulation {

// A test on the emulated card: it begins on a fresh machine and fails if anything is found wrong or is not released.
class EmulatedTest : public ::testing::Test {
protected:
    void SetUp() override { reset(); }
    void TearDown() override {
        for (const std::string& finding : take_findings()) ADD_FAILURE() << finding;
        for (const std::string& leak : leaks()) ADD_FAILURE() << "not released: " << leak;
        reset();
    }
};

}  // namespace glissade::emulation
