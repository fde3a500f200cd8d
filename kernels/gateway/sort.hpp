// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/launch.hpp"

namespace glissade::kernels {

/// Pairs to be sorted by ascending key; pairs of equal keys keep their order. Device memory, all of it apart.
struct SortPairsParams {
    std::int64_t count = 0;
    const std::uint32_t* keys_in = nullptr;
    std::uint32_t* keys_out = nullptr;
    const float* values_in = nullptr;
    float* values_out = nullptr;
    void* scratch = nullptr;
    std::int64_t scratch_bytes = 0;  ///< at least what sort_pairs_scratch says
};
/// The scratch that `count` pairs need; returns a cudaError_t as an int.
int sort_pairs_scratch(std::int64_t count, std::int64_t* bytes_out);
int launch_sort_pairs(const SortPairsParams& params, StreamHandle stream);

/// The same by the low `key_bits` bits of the keys, with whole numbers beside them.
struct SortEntriesParams {
    std::int64_t count = 0;
    int key_bits = 32;
    const std::uint32_t* keys_in = nullptr;
    std::uint32_t* keys_out = nullptr;
    const std::uint32_t* values_in = nullptr;
    std::uint32_t* values_out = nullptr;
    void* scratch = nullptr;
    std::int64_t scratch_bytes = 0;  ///< at least what sort_entries_scratch says
};
int sort_entries_scratch(std::int64_t count, int key_bits, std::int64_t* bytes_out);
int launch_sort_entries(const SortEntriesParams& params, StreamHandle stream);

}  // namespace glissade::kernels
