// SPDX-License-Identifier: Apache-2.0
// The sort of CUB: a radix sort, stable, the same on every card.
#include "kernels/gateway/sort.hpp"

#include <cuda_runtime.h>

#include <cub/device/device_radix_sort.cuh>

namespace glissade::kernels {

namespace {

/// With no scratch CUB only says how much it needs.
template <class Params>
cudaError_t sort_pairs(const Params& p, int key_bits, void* scratch, std::size_t& bytes, cudaStream_t stream) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, p.keys_in, p.keys_out, p.values_in, p.values_out, p.count, 0, key_bits, stream);
}
template <class Params>
int scratch_of(Params params, std::int64_t count, int key_bits, std::int64_t* bytes_out) {
    params.count = count;
    std::size_t bytes = 0;
    const cudaError_t status = sort_pairs(params, key_bits, nullptr, bytes, nullptr);
    *bytes_out = static_cast<std::int64_t>(bytes);
    return static_cast<int>(status);
}
constexpr int all_bits = 8 * sizeof(std::uint32_t);

}  // namespace

int sort_pairs_scratch(std::int64_t count, std::int64_t* bytes_out) {
    return scratch_of(SortPairsParams{}, count, all_bits, bytes_out);
}

int launch_sort_pairs(const SortPairsParams& params, StreamHandle stream) {
    auto bytes = static_cast<std::size_t>(params.scratch_bytes);
    return static_cast<int>(sort_pairs(params, all_bits, params.scratch, bytes, stream));
}

int sort_entries_scratch(std::int64_t count, int key_bits, std::int64_t* bytes_out) {
    return scratch_of(SortEntriesParams{}, count, key_bits, bytes_out);
}

int launch_sort_entries(const SortEntriesParams& params, StreamHandle stream) {
    auto bytes = static_cast<std::size_t>(params.scratch_bytes);
    return static_cast<int>(sort_pairs(params, params.key_bits, params.scratch, bytes, stream));
}

}  // namespace glissade::kernels
