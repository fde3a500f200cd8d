// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace glissade::kernels {

/// The sum of `Count` neighbouring values in tree order, read past the L1 cache: other multiprocessors wrote them during this launch.
template <int Count>
__device__ __forceinline__ float fresh_tree_sum(const float* values) {
    static_assert(Count == 1 || Count == 2 || Count == 4);
    if constexpr (Count == 1) return __ldcg(values);
    if constexpr (Count == 2) {
        const float2 v = __ldcg(reinterpret_cast<const float2*>(values));
        return v.x + v.y;
    }
    if constexpr (Count == 4) {
        const float4 v = __ldcg(reinterpret_cast<const float4*>(values));
        return (v.x + v.y) + (v.z + v.w);
    }
}

/// A lane's part of the sum of `count` neighbouring values (a power of two, at most 128; aligned to 16 bytes from 4 on) by min(count, 32)
/// lanes.
__device__ __forceinline__ float fresh_lane_sum(const float* values, int count, int rank) {
    if (count <= 32) return fresh_tree_sum<1>(values + rank);
    if (count == 64) return fresh_tree_sum<2>(values + 2 * rank);
    return fresh_tree_sum<4>(values + 4 * rank);
}

/// The sum of `Count` values that lie `stride` apart, in tree order, read past the L1 cache. All are under way before the first is used.
template <int Count>
__device__ __forceinline__ float fresh_strided_tree(const float* values, std::int64_t stride) {
    float sum[Count];
#pragma unroll
    for (int k = 0; k < Count; ++k) sum[k] = __ldcg(values + k * stride);
#pragma unroll
    for (int reach = 1; reach < Count; reach *= 2)
#pragma unroll
        for (int k = 0; k < Count; k += 2 * reach) sum[k] = sum[k] + sum[k + reach];
    return sum[0];
}
/// The same for a power of two up to 32.
__device__ __forceinline__ float fresh_strided_sum(const float* values, std::int64_t stride, int count) {
    switch (count) {
        case 1:
            return fresh_strided_tree<1>(values, stride);
        case 2:
            return fresh_strided_tree<2>(values, stride);
        case 4:
            return fresh_strided_tree<4>(values, stride);
        case 8:
            return fresh_strided_tree<8>(values, stride);
        case 16:
            return fresh_strided_tree<16>(values, stride);
        default:
            return fresh_strided_tree<32>(values, stride);
    }
}

/// The rest of the tree: over `lanes` lanes (a power of two) that lie `step` apart. Every lane of the warp must call, with the same counts.
__device__ __forceinline__ float lane_tree_sum(float sum, int lanes, int step = 1) {
    for (int reach = step; reach < lanes * step; reach *= 2) sum = sum + __shfl_xor_sync(0xFFFFFFFFu, sum, reach);
    return sum;
}

}  // namespace glissade::kernels
