// SPDX-License-Identifier: Apache-2.0
// The sort of CUB: a radix sort, stable, the same on every card.
#include "kernels/gateway/sort.hpp"

#include <cuda_runtime.h>

#include <cub/device/device_radix_sort.cuh>

namespace glissade::kernels {

namespace {

/// With no scratch CUB only says how much it needs.
cudaError_t sort_pairs(const SortPairsParams& p, void* scratch, std::size_t& bytes, cudaStream_t stream) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, p.keys_in, p.keys_out, p.values_in, p.values_out, p.count, 0,
                                           static_cast<int>(8 * sizeof(std::uint32_t)), stream);
}

}  // namespace

int sort_pairs_scratch(std::int64_t count, std::int64_t* bytes_out) {
    SortPairsParams params;
    params.count = count;
    std::size_t bytes = 0;
    const cudaError_t status = sort_pairs(params, nullptr, bytes, nullptr);
    *bytes_out = static_cast<std::int64_t>(bytes);
    return static_cast<int>(status);
}

int launch_sort_pairs(const SortPairsParams& params, StreamHandle stream) {
    auto bytes = static_cast<std::size_t>(params.scratch_bytes);
    return static_cast<int>(sort_pairs(params, params.scratch, bytes, stream));
}

}  // namespace glissade::kernels
