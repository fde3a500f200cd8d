// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

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

/// The rest of the tree: over aligned groups of `lanes` lanes (a power of two). Every lane of the warp must call, with the same count.
__device__ __forceinline__ float lane_tree_sum(float sum, int lanes) {
    for (int reach = 1; reach < lanes; reach *= 2) sum = sum + __shfl_xor_sync(0xFFFFFFFFu, sum, reach);
    return sum;
}

}  // namespace glissade::kernels
