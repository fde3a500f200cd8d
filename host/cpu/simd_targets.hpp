// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Which instruction sets the vector code is built for: plain scalar code, AVX2 and AVX-512 on x86, NEON on Arm. Comes before any header of
/// Highway.
///
/// Left out: SSE targets (no fused multiply-add, so they could not give the same bits at any speed), scalable vectors (the 64 lanes of a
/// dot product are cut into a fixed number of registers), and the finer steps of AVX-512 (nothing in them helps here). Bits 4, 6 and 14 are
/// what later versions of Highway call AVX3_SPR, AVX3_ZEN4 and SSE2.
#define HWY_DISABLED_TARGETS \
    (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | (1LL << 4) | (1LL << 6) | (1LL << 14))
/// The fallback without instructions of its own is one lane wide, so that its fused multiply-add is simply that of the C library.
#define HWY_BROKEN_EMU128 1
