// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/gateway/sort.cu where CUDA is emulated: one thread merges.
#include "kernels/gateway/sort.hpp"

#include <cuda_runtime.h>

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

namespace {

/// Merge sort of pairs by the bits of `mask`: runs of `width` become runs of twice that, to and fro between the output and the scratch.
template <class Value, class Params>
__device__ void merge_pairs(const Params& params, std::uint32_t mask) {
    auto* keys = static_cast<std::uint32_t*>(params.scratch);
    auto* values = reinterpret_cast<Value*>(keys + params.count);
    for (std::int64_t i = 0; i < params.count; ++i) {
        params.keys_out[i] = params.keys_in[i];
        params.values_out[i] = params.values_in[i];
    }
    for (std::int64_t width = 1; width < params.count; width *= 2) {
        for (std::int64_t i = 0; i < params.count; ++i) {
            keys[i] = params.keys_out[i];
            values[i] = params.values_out[i];
        }
        for (std::int64_t begin = 0; begin < params.count; begin += 2 * width) {
            const std::int64_t middle = begin + width < params.count ? begin + width : params.count;
            const std::int64_t end = middle + width < params.count ? middle + width : params.count;
            std::int64_t left = begin, right = middle;
            for (std::int64_t out = begin; out < end; ++out) {
                const bool take_left = left < middle && (right >= end || (keys[left] & mask) <= (keys[right] & mask));
                const std::int64_t from = take_left ? left++ : right++;
                params.keys_out[out] = keys[from];
                params.values_out[out] = values[from];
            }
        }
    }
}

__global__ void sort_stand_in_kernel(const __grid_constant__ SortPairsParams params) {
    merge_pairs<float>(params, 0xFFFFFFFFu);
}
/// Memory that nobody has written is all ones, which no term, place or column of a test is.
__global__ void sort_entries_stand_in_kernel(const __grid_constant__ SortEntriesParams params) {
    for (std::int64_t i = 0; i < params.count; ++i)
        if (params.values_in[i] == 0xFFFFFFFFu) __trap();
    merge_pairs<std::uint32_t>(params, params.key_bits >= 32 ? 0xFFFFFFFFu : (1u << params.key_bits) - 1u);
}

}  // namespace

int sort_pairs_scratch(std::int64_t count, std::int64_t* bytes_out) {
    *bytes_out = count * static_cast<std::int64_t>(sizeof(std::uint32_t) + sizeof(float));
    return 0;
}

int launch_sort_pairs(const SortPairsParams& params, StreamHandle stream) {
    return launch(sort_stand_in_kernel, params, {1, 1, 0, false}, stream);
}

int sort_entries_scratch(std::int64_t count, int, std::int64_t* bytes_out) {
    *bytes_out = 2 * count * static_cast<std::int64_t>(sizeof(std::uint32_t));
    return 0;
}

int launch_sort_entries(const SortEntriesParams& params, StreamHandle stream) {
    return launch(sort_entries_stand_in_kernel, params, {1, 1, 0, false}, stream);
}

}  // namespace glissade::kernels
