// SPDX-License-Identifier: Apache-2.0
// Which kernels matrix products run by.
#include "host/cpu/blas_kernels.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "host/cpu/blas.hpp"
#include "host/cpu/simd_targets.hpp"

#include "hwy/targets.h"

namespace glissade::testing {
namespace {

TEST(BlasKernels, AreOfTheNewestTypeWhoseInstructionsAreThereWhereTheProcessorIsNotKnown) {
    EXPECT_EQ(cpu::better_kernels("Prescott", HWY_AVX3 | HWY_AVX2 | HWY_SSE4), "SkylakeX");
    EXPECT_EQ(cpu::better_kernels("Prescott", HWY_AVX2 | HWY_SSE4), "Haswell");
    EXPECT_EQ(cpu::better_kernels("Prescott", HWY_SSE4), "") << "a processor of that time";
    for (const char* known : {"SkylakeX", "Zen", "Haswell", "Nehalem", "Cooperlake", "neoversen1", ""})
        EXPECT_EQ(cpu::better_kernels(known, HWY_AVX3 | HWY_AVX2), "") << known;
}

TEST(BlasKernels, OfThisProcessorAreNotThoseOfTheLastResort) {
    const cpu::BlasBuffer buffer;
    if (std::getenv("OPENBLAS_CORETYPE") == nullptr) {
        EXPECT_EQ(cpu::better_kernels(cpu::blas_kernels(), hwy::SupportedTargets()), "") << cpu::blas_kernels();
    }
}

}  // namespace
}  // namespace glissade::testing
