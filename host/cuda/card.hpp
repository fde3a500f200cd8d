// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/device.hpp"

namespace glissade::cuda {

/// A card that can be used, and what plans ask of it beyond the public facts.
struct Card {
    CudaDevice facts;
    double memory_bytes_a_second = 0;  ///< from clock and bus width; 0 if the driver does not tell
    int cluster_blocks = 1;            ///< of the largest cluster that may run, a power of two; 1: no clusters
    std::int64_t l2_bytes = 0;         ///< 0 if the driver does not tell
};

/// The card of that ordinal. Throws Error(device) that says exactly what is missing.
Card usable_card(int ordinal);

/// Blocks for a kernel whose blocks take `a_block` items at a time until all are done: no more than there is work for, nor than help.
int blocks_for(std::int64_t items, std::int64_t a_block, int multiprocessors);

}  // namespace glissade::cuda
